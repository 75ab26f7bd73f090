import type { Write } from './proposal.ts'

/**
 * The command that makes one write by hand, with its manifest in `file`. Not `kubectl apply --server-side`: of an object that was ever applied
 * client-side, kubectl first gives all fields to the new manager, and every field that the manifest leaves out is then deleted.
 */
export function byHand(write: Write, file: string): string {
  const { kind, name, namespace } = write.ref
  const group = write.apiVersion.includes('/') ? `.${write.apiVersion.split('/')[0] ?? ''}` : ''
  const object = `${kind.toLowerCase()}${group} ${name}${namespace === undefined ? '' : ` -n ${namespace}`}`
  if (write.verb === 'delete') return `kubectl delete ${object}`
  if (write.was === 'absent') return `kubectl create -f ${file}`
  // Lists of custom resources are replaced either way; those of Kubernetes' own kinds are merged by their keys only by a strategic patch.
  return `kubectl patch ${object} --type=${group.endsWith('.istio.io') ? 'merge' : 'strategic'} --patch-file ${file}`
}
