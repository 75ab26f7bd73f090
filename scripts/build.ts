import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown, type Plugin } from 'rolldown'
import { isSmall, SMALL_SOURCE, smallInstead } from '../src/evidence/clients/load-kubernetes.ts'

const TOP = join(import.meta.dirname, '..')
const DIST = join(TOP, 'dist')

/** Packages that every command loads: with what they import in turn they become part of few files, as opening hundreds takes longer than running them. */
const BUNDLED = [
  '@kubernetes/client-node',
  'commander',
  'diff',
  'execa',
  'fastest-levenshtein',
  're2js',
  'undici',
  'ws',
  'yaml',
  'zod',
]
const { dependencies } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
/** Packages that are loaded from where npm installs them. */
const isApart = (specifier: string): boolean =>
  Object.hasOwn(dependencies, packageOf(specifier)) && !BUNDLED.includes(packageOf(specifier))

/** The Kubernetes client without its generated code, as `loadKubernetes` has it. */
const withoutGenerated: Plugin = {
  name: 'without-generated-code',
  async resolveId(specifier, importer, options) {
    const found = await this.resolve(specifier, importer, { ...options, skipSelf: true })
    return found === null ? null : (smallInstead(specifier, importer, found.id) ?? found)
  },
  load: (id) => (isSmall(id) ? SMALL_SOURCE : null),
}

/** The licences of the packages whose code is in these files. */
function notices(files: readonly string[]): string {
  const folders = new Set(
    files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file.replaceAll('\\', '/'))?.[0] ?? []),
  )
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name: string
        version: string
        license?: string
      }
      const texts = readdirSync(folder)
        .filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
        .map((file) => readFileSync(join(folder, file), 'utf8').trim())
      return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n')
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`)
}

if (existsSync(DIST)) rmSync(DIST, { recursive: true })
const bundle = await rolldown({
  cwd: TOP,
  input: {
    cli: 'src/cli.ts',
    launch: 'src/launch.ts',
    // The entry of a thread, found from beside the file that src/slack/answers/picture.ts becomes part of.
    'chunks/picture-thread': 'src/slack/answers/picture-thread.ts',
  },
  platform: 'node',
  external: isApart,
  plugins: [withoutGenerated],
})
const { output } = await bundle.write({
  dir: DIST,
  chunkFileNames: 'chunks/[name].js',
  sourcemap: true,
  sourcemapExcludeSources: true,
})
// Read from beside the file that src/sandbox/slack/page/assets.ts becomes part of.
for (const file of ['page.css', 'page.js'])
  cpSync(join(TOP, 'src/sandbox/slack/page', file), join(DIST, 'chunks', file))
const files = output.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []))
writeFileSync(join(DIST, 'NOTICES.txt'), `${notices(files)}\n`)
