import { readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path/posix'
import { describe, expect, it } from 'vitest'

// What imports alone can't say; what they say is held by .dependency-cruiser.js.

const SOURCE = join(import.meta.dirname, '..', 'src')

/** Who reads the environment and ends the process. */
const PORCH = [
  'main.ts',
  'bot.ts',
  'launch.ts',
  'cli.ts',
  'cli',
  'config.ts',
  'config',
  'log.ts',
  'health.ts',
  'version.ts',
]
const FILES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort()
/** A file without its comments: they may name what code may not do. */
const textOf = (file: string): string => readFileSync(join(SOURCE, file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '')
const roomOf = (file: string): string => file.split('/')[0] ?? ''
const inPorch = (file: string): boolean => PORCH.includes(roomOf(file))

/** What a file imports: modules by their name, own files by their path inside src. */
function importsOf(text: string, file: string): string[] {
  const named = [...text.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, name = '']) => name)
  return named.map((name) => (name.startsWith('.') ? normalize(join(file, '..', name)) : name))
}
/** Words that say nothing of what a file or folder holds. */
const VAGUE = /(^|[-/])(utils?|helpers?|common|misc|managers?)([-./]|$)/
/** Signal 0 only asks whether a process is there; a negative number is the group of a program that was started. */
const ENDS_PROCESS = /\bprocess\.(exit|exitCode|abort)\b|\bprocess\.kill\((?!-|.*, 0\))/

/** The one file that writes to a cluster. */
const WRITER = 'fixes/writer.ts'

/** Ways to change a cluster: writing methods of the API client or of HTTP, and istioctl's commands that install or change something. */
const WRITES: readonly [RegExp, string][] = [
  [/\bHttpMethod\.(PATCH|PUT|DELETE)\b|\bmethod:\s*['"](PATCH|PUT|DELETE)['"]/, 'a writing method'],
  [/application\/(apply-patch\+yaml|(json|merge|strategic-merge)-patch\+json)/, 'a patch'],
  [/['"]Impersonate-(User|Group|Uid)['"]/, "a write in somebody's name"],
  [/\.(patch|delete|replace|create)(Namespaced|Cluster|Collection)\w*\(/, 'a writing call of the API client'],
  [/\b(KubernetesObjectApi|CustomObjectsApi|CoreV1Api|AppsV1Api|makeApiClient)\b/, 'an API client that can write'],
  [
    /\bistioctl\.run\(\s*\[\s*'(install|uninstall|upgrade|apply|create|delete|tag|waypoint|kube-inject|dashboard|remove-from-mesh|add-to-mesh|create-remote-secret)'/,
    'a command that changes the mesh',
  ],
  [/['"]--(level|reset)['"]/, 'a command that changes log levels'],
]

/** What a file would change in a cluster. The client's one POST asks what it may do, which creates nothing. */
function writesOf(file: string, text: string): string[] {
  const posts =
    text.includes('HttpMethod.POST') && file !== 'evidence/clients/kubernetes.ts'
      ? [`${file} has HttpMethod.POST: only ${WRITER} may write to a cluster`]
      : []
  return [
    ...posts,
    ...WRITES.filter(([pattern]) => pattern.test(text)).map(
      ([, what]) => `${file} has ${what}: only ${WRITER} may write to a cluster`,
    ),
  ]
}

describe('every file', () => {
  it('is named for what it holds', () => {
    expect(FILES.length).toBeGreaterThan(50)
    expect(
      FILES.filter((file) => VAGUE.test(file)).map(
        (file) => `${file}: name it for what it holds, or put its parts where they belong`,
      ),
    ).toEqual([])
  })

  it('never runs a shell', () => {
    const shells = FILES.filter((file) =>
      /\bshell:\s*(true|['"])|(?<![.\w])exec(Sync|File)?\(|\bexecaCommand|\bimport \{[^}]*\$[^}]*\} from 'execa'/.test(
        textOf(file),
      ),
    ).map((file) => `${file}: arguments go to a program as a list, never through a shell`)
    expect(shells).toEqual([])
  })

  it('reads the environment in the porch alone', () => {
    expect(
      FILES.filter((file) => !inPorch(file) && /\bprocess\.env\b/.test(textOf(file))).map(
        (file) => `${file}: configuration is handed in; only the porch reads process.env`,
      ),
    ).toEqual([])
  })

  it('ends the process in the porch alone', () => {
    expect(
      FILES.filter((file) => !inPorch(file) && ENDS_PROCESS.test(textOf(file))).map(
        (file) => `${file}: throw, and let the porch end the process`,
      ),
    ).toEqual([])
  })

  it('writes to no cluster, but the writer', () => {
    expect(FILES).toContain(WRITER)
    // Says what its headers are; they are sent by the writer alone.
    const harmless = [WRITER, 'fixes/identity.ts']
    expect(FILES.filter((file) => !harmless.includes(file)).flatMap((file) => writesOf(file, textOf(file)))).toEqual([])
    expect(
      FILES.filter(
        (file) => importsOf(textOf(file), file).includes('fixes/identity.ts') && /\bimpersonation\b/.test(textOf(file)),
      ),
    ).toEqual([WRITER])
  })

  it('gives permits where a stored approval or lease is, and nowhere else', () => {
    const grants = FILES.filter((file) => file !== 'fixes/permit.ts' && /\bgrant(Lease)?Permit\b/.test(textOf(file)))
    expect(
      grants
        .filter((file) => !/^(fixes\/apply|leases\/[a-z-]+)\.ts$/.test(file))
        .map((file) => `${file}: a permit is made of a stored record, in fixes/apply.ts or leases/`),
    ).toEqual([])
  })

  it('would notice', () => {
    expect(writesOf('evidence/x.ts', 'context = new RequestContext(path, HttpMethod.PATCH)')).toHaveLength(1)
    expect(writesOf('fixes/x.ts', "http.request(url, { method: 'DELETE' })")).toHaveLength(1)
    expect(
      writesOf('fixes/x.ts', "istioctl.run(['proxy-config', 'log', pod, '--level', levels], signal)"),
    ).toHaveLength(1)
    expect(writesOf('evidence/x.ts', "istioctl.run(['proxy-config', 'log', pod], signal)")).toEqual([])
    expect(writesOf('evidence/x.ts', 'await api.deleteNamespacedPod({ name })')).toHaveLength(1)
    expect(writesOf('evidence/x.ts', 'const api = config.makeApiClient(KubernetesObjectApi)')).toHaveLength(1)
    expect(writesOf('evidence/x.ts', "istioctl.run(['install', '-y'], signal)")).toHaveLength(1)
    expect(
      writesOf('evidence/x.ts', "text.replace('a', 'b'); set.delete(key); istioctl.run(['analyze'], signal)"),
    ).toEqual([])
    expect(ENDS_PROCESS.test('process.exit(1)') && ENDS_PROCESS.test('process.kill(pid)')).toBe(true)
    expect(ENDS_PROCESS.test('process.kill(pid, 0)')).toBe(false)
    expect(
      VAGUE.test('mesh/utils.ts') && VAGUE.test('slack/helpers/x.ts') && VAGUE.test('queue/queue-manager.ts'),
    ).toBe(true)
    expect(VAGUE.test('slack/commands/command.ts') || VAGUE.test('mesh/commonality.ts')).toBe(false)
  })
})
