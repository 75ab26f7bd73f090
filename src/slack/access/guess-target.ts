/** A guess at what a message is about: the Service that its text names, by name, FQDN or the name of a pod. */
export function guessTarget(
  message: string,
  services: readonly { name: string; namespace: string }[],
): { name: string; namespace: string } | undefined {
  const words = message.toLowerCase().match(/[a-z0-9]([a-z0-9.-]*[a-z0-9])?/g) ?? []
  const ranked = services
    .map((service) => ({ service, rank: Math.max(0, ...words.map((word) => rank(word, service))) }))
    .filter((one) => one.rank > 0)
    .sort((a, b) => b.rank - a.rank || b.service.name.length - a.service.name.length)
  const [first] = ranked
  return first?.service
}

/** The more exactly a word names the Service, the higher; 0 when it does not. */
function rank(word: string, { name, namespace }: { name: string; namespace: string }): number {
  if (word === `${name}.${namespace}` || word.startsWith(`${name}.${namespace}.svc`)) return 4
  if (word === name) return 3
  // Pods of a Deployment end in two generated words, those of a StatefulSet in a number.
  if (word.startsWith(`${name}-`) && /^(?:[a-z0-9]{5,10}-[a-z0-9]{5}|\d+)$/.test(word.slice(name.length + 1))) return 2
  return word.startsWith(`${name}.`) ? 1 : 0
}
