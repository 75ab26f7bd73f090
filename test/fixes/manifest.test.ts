import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { showChange, unifiedDiff } from '../../src/fixes/diff.ts'
import {
  applied,
  applyTo,
  create,
  EditError,
  manifestOf,
  parseEdited,
  parseManifest,
  withValue,
  yamlOf,
} from '../../src/fixes/manifest.ts'
import type { ApplyWrite } from '../../src/fixes/proposal.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'

const LIVE: KubernetesObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: {
    name: 'catalog',
    namespace: 'shop',
    uid: 'u-1',
    resourceVersion: '42',
    generation: 3,
    creationTimestamp: '2030-01-01T00:00:00Z',
    labels: { team: 'yes' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'on' },
    managedFields: [{ manager: 'kubectl', operation: 'Update' }],
    ownerReferences: [{ kind: 'App', name: 'catalog' }],
  },
  spec: {
    host: 'catalog',
    trafficPolicy: { tls: { mode: 'DISABLE' }, loadBalancer: { simple: 'RANDOM' } },
    subsets: [{ name: 'v1' }],
  },
  status: { observedGeneration: '3' },
}

const SUBSETS = applyTo(LIVE, { spec: { subsets: [{ name: 'v1' }, { name: 'v2' }] } })
const RESTART: ApplyWrite = {
  ...create(
    { kind: 'Deployment', namespace: 'shop', name: 'catalog' },
    {
      spec: {
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2030-01-01T00:00:00Z' } } },
      },
    },
  ),
  was: { uid: 'u-2', resourceVersion: '7' },
}

describe('the YAML of an object', () => {
  it('leaves out what only the API server writes, and quotes what YAML 1.1 takes for a boolean', () => {
    expect(yamlOf(LIVE)).toBe(
      [
        'apiVersion: networking.istio.io/v1',
        'kind: DestinationRule',
        'metadata:',
        '  name: catalog',
        '  namespace: shop',
        '  labels:',
        '    team: "yes"',
        '  annotations:',
        '    note: "on"',
        'spec:',
        '  host: catalog',
        '  trafficPolicy:',
        '    tls:',
        '      mode: DISABLE',
        '    loadBalancer:',
        '      simple: RANDOM',
        '  subsets:',
        '  - name: v1',
        '',
      ].join('\n'),
    )
  })

  it('has a version of the API where a list gave none', () => {
    const { apiVersion: _, ...item } = LIVE
    expect(parse(yamlOf(item))).toMatchObject({ apiVersion: 'networking.istio.io/v1' })
  })
})

describe('a manifest', () => {
  it('holds only what it sets, at the version that was read', () => {
    expect(parse(SUBSETS.manifest)).toEqual({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'catalog', namespace: 'shop' },
      spec: { subsets: [{ name: 'v1' }, { name: 'v2' }] },
    })
    expect(SUBSETS.was).toEqual({ uid: 'u-1', resourceVersion: '42', generation: 3 })
  })

  it('may have a comment above it, line by line', () => {
    expect(
      manifestOf(
        { kind: 'Namespace', name: 'shop' },
        { labels: { 'istio-injection': 'enabled' } },
        'by catalog\nby forum',
      ),
    ).toMatch(/^# by catalog\n# by forum\napiVersion: v1\nkind: Namespace\n/)
  })

  it('is merged into the object: lists are replaced, other fields stay', () => {
    const after = applied(
      LIVE,
      parseManifest(
        applyTo(LIVE, { spec: { trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }, subsets: [{ name: 'v2' }] } })
          .manifest,
      ),
    )
    expect(after.spec).toEqual({
      host: 'catalog',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' }, loadBalancer: { simple: 'RANDOM' } },
      subsets: [{ name: 'v2' }],
    })
  })

  it("is merged into a Service's ports by number and protocol", () => {
    const service: KubernetesObject = {
      kind: 'Service',
      metadata: { name: 'dns', namespace: 'shop', uid: 'u', resourceVersion: '1' },
      spec: {
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 53, protocol: 'TCP', targetPort: 5300 },
        ],
      },
    }
    const after = applied(
      service,
      parseManifest(applyTo(service, { spec: { ports: [{ port: 53, protocol: 'TCP', targetPort: 53 }] } }).manifest),
    )
    expect(after.spec).toEqual({
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    })
  })

  it("is merged into a Deployment's containers by name", () => {
    const deployment: KubernetesObject = {
      kind: 'Deployment',
      metadata: { name: 'catalog', namespace: 'shop', uid: 'u-1', resourceVersion: '1' },
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'catalog', image: 'shop/catalog:1', env: [{ name: 'A', value: '1' }] },
              { name: 'log', image: 'shop/log:1', args: ['-v'] },
            ],
          },
        },
      },
    }
    const set = { containers: [{ name: 'catalog', image: 'shop/catalog:2', env: [{ name: 'B', value: '2' }] }] }
    const after = applied(
      deployment,
      parseManifest(applyTo(deployment, { spec: { template: { spec: set } } }).manifest),
    )
    expect(after.spec).toEqual({
      template: {
        spec: {
          containers: [
            {
              name: 'catalog',
              image: 'shop/catalog:2',
              env: [
                { name: 'A', value: '1' },
                { name: 'B', value: '2' },
              ],
            },
            { name: 'log', image: 'shop/log:1', args: ['-v'] },
          ],
        },
      },
    })
  })

  it('keeps comments and order when one value of it is set', () => {
    const text =
      '# owned by team catalog\nkind: DestinationRule # sic\nspec:\n  subsets:\n  - name: v1 # stable\n  host: catalog\nmetadata:\n  name: catalog\n'
    expect(withValue(text, ['metadata', 'annotations', 'mesh-medic/change'], 'abc')).toBe(
      `${text}  annotations:\n    mesh-medic/change: abc\n`,
    )
    expect(withValue(text, ['spec', 'subsets', 0, 'name'], 'v9')).toBe(text.replace('- name: v1', '- name: v9'))
  })
})

const head = (rest: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: catalog\n  namespace: shop\n${rest}`

describe('an edited text', () => {
  it('is taken as typed, with its comments, other contents of an Istio object too', () => {
    const text = head(
      '# two, for now\nspec:\n  subsets: [{ name: v1 }, { name: v3, labels: { version: v3 } }] # v3 comes on Monday\n  exportTo: ["."]\n',
    )
    expect(parseEdited(text, [SUBSETS])).toEqual([text])
    expect(parseEdited(`---\r\n${text.replaceAll('\n', '\r\n')}---\r\n`, [SUBSETS])).toEqual([text])
  })

  it('may hold several objects, in any order', () => {
    expect(parseEdited(`${RESTART.manifest}--- # then\n${SUBSETS.manifest}`, [SUBSETS, RESTART])).toEqual([
      SUBSETS.manifest,
      RESTART.manifest,
    ])
  })

  const deployment = (rest: string): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: catalog\n  namespace: shop\n${rest}`
  it.each([
    ['nothing', '\n# no more\n', /nothing in it/, undefined],
    ['not YAML', head('spec: {\n'), /^Line \d+: This is not YAML/, 7],
    ['a tab', head('spec:\n\tsubsets: []\n'), /not YAML/, 7],
    ['a key twice', head('spec: {}\nspec: {}\n'), /^Line 7: This is not YAML: Map keys must be unique/, 7],
    ['a list', '- a\n', /not a Kubernetes object/, 1],
    ['a plain word', 'yes please\n', /not a Kubernetes object/, 1],
    [
      'another object',
      head('').replace('name: catalog', 'name: forum'),
      /^Line 4: DestinationRule shop\/forum is another object; this change is for DestinationRule shop\/catalog\.$/,
      4,
    ],
    ['another namespace', head('').replace('shop', 'kube-system'), /^Line 5: .* is another namespace/, 5],
    [
      'no namespace',
      'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: catalog\n',
      /another namespace/,
      3,
    ],
    [
      'another kind',
      head('').replace('kind: DestinationRule', 'kind: ClusterRoleBinding'),
      /^Line 2: .* is another kind/,
      2,
    ],
    [
      'another version of the API',
      head('').replace('io/v1', 'io/v1alpha3'),
      /^Line 1: apiVersion must be networking.istio.io\/v1/,
      1,
    ],
    ['status', head('status: {}\n'), /^Line 6: status may not be set/, 6],
    ['managedFields', head('  managedFields: []\n'), /^Line 6: metadata.managedFields may not be set/, 6],
    ['ownerReferences', head('  ownerReferences: []\n'), /ownerReferences may not/, 6],
    ['finalizers', head('  finalizers: [a]\n'), /finalizers may not/, 6],
    [
      "kubectl's annotation",
      head('  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: "{}"\n'),
      /^Line 7: .* kubectl's own/,
      7,
    ],
    ['a label that is no text', head('  labels: { a: 1 }\n'), /^Line 6: The value of a must be text/, 6],
    ['a spec that is a list', head('spec: []\n'), /^Line 6: spec must hold fields/, 6],
    ['a word that some take for a boolean', head('spec:\n  host: on\n'), /^Line 7: Put on in quotes/, 7],
    ['an alias', head('spec:\n  a: &x b\n  c: *x\n'), /^Line 7: Anchors and aliases/, 7],
    ['a merge key', head('spec:\n  <<: { a: b }\n'), /^Line 7: Merge keys/, 7],
    ['a tag', head('spec:\n  a: !!binary aGk=\n'), /^Line 7: Tags are not accepted/, 7],
    ['the same object twice', `${SUBSETS.manifest}---\n${SUBSETS.manifest}`, /is there twice/, 11],
    [
      'an object more',
      `${SUBSETS.manifest}---\n${deployment('spec: {}\n')}`,
      /^Line 12: Deployment shop\/catalog is another kind/,
      12,
    ],
    ['a document that ends early', `${SUBSETS.manifest}...\n${SUBSETS.manifest}`, /A second document/, 11],
  ] as const)('is refused: %s', (_name, text, message, line) => {
    const error = thrownBy(() => parseEdited(text, [SUBSETS]))
    expect(error).toBeInstanceOf(EditError)
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({ line })
  })

  it('may of a Kubernetes object set no more than was proposed', () => {
    const other = RESTART.manifest.replace('2030-01-01', '2031-02-02')
    expect(parseEdited(other, [RESTART])).toEqual([other])
    const text = deployment(
      'spec:\n  template:\n    spec:\n      containers: [{ name: catalog, image: example.com/other }]\n',
    )
    expect(thrownBy(() => parseEdited(text, [RESTART])).message).toMatch(
      /^Line 9: spec.template.spec.containers is not part of this change; of a Deployment only spec.template.metadata.annotations.kubectl.kubernetes.io\/restartedAt may be edited/,
    )
  })

  it('is refused when an object is missing', () => {
    expect(thrownBy(() => parseEdited(SUBSETS.manifest, [SUBSETS, RESTART])).message).toMatch(
      /^Deployment shop\/catalog is missing/,
    )
  })
})

function thrownBy(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('a diff', () => {
  it('shows what changes with three lines around it', () => {
    const before = yamlOf(LIVE)
    expect(unifiedDiff('DestinationRule shop/catalog', before, before.replace('RANDOM', 'LEAST_REQUEST'))).toBe(
      [
        '--- a/DestinationRule shop/catalog',
        '+++ b/DestinationRule shop/catalog',
        '@@ -13,6 +13,6 @@',
        '     tls:',
        '       mode: DISABLE',
        '     loadBalancer:',
        '-      simple: RANDOM',
        '+      simple: LEAST_REQUEST',
        '   subsets:',
        '   - name: v1',
        '',
      ].join('\n'),
    )
  })

  it('is empty when nothing changes, and whole when an object is made or deleted', () => {
    expect(unifiedDiff('x', 'a: 1\n', 'a: 1\n')).toBe('')
    expect(unifiedDiff('x', undefined, 'a: 1\n')).toBe('--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+a: 1\n')
    expect(unifiedDiff('x', 'a: 1\n', undefined)).toBe('--- a/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a: 1\n')
  })

  it('takes secrets out of both sides', () => {
    const token = `Bearer ${'a'.repeat(30)}`
    expect(
      unifiedDiff(
        'x',
        `headers:\n  authorization: ${token}\nmode: A\n`,
        `headers:\n  authorization: ${token}\nmode: B\n`,
      ),
    ).not.toContain('aaaaaaaaaa')
  })

  const at = (spec: string, note = ''): string =>
    `metadata:\n  name: catalog\n  annotations:\n    note: ${note === '' ? 'none' : note}\nspec:\n${spec}`

  it('shows what stands behind a value that looks like the beginning of a key', () => {
    const note = `'-----BEGIN PRIVATE KEY-----'`
    const { diff, paths, hidden } = showChange('x', at('  mode: A\n', note), at('  mode: B\n', note))
    expect(diff).toContain('-  mode: A\n+  mode: B')
    expect(diff).not.toContain('BEGIN PRIVATE')
    expect(paths).toEqual(['spec.mode'])
    expect(hidden).toEqual([])
  })

  it('names a change of a value that is hidden, on both sides and with its length', () => {
    const header = (value: string): string => at(`  headers:\n    authorization: ${value}\n`)
    const { diff, paths, hidden } = showChange('x', header('Bearer abcdefgh'), header('Bearer stolen12345'))
    expect(diff).toContain('-    authorization: "[redacted: 15 characters that change]"')
    expect(diff).toContain('+    authorization: "[redacted: 18 characters that change]"')
    expect(paths).toEqual(['spec.headers.authorization'])
    expect(hidden).toEqual(['spec.headers.authorization (18 characters)'])
  })

  it('names a hidden value of the same length that changed', () => {
    const header = (value: string): string => at(`  set: { authorization: ${value} }\n`)
    const { hidden, paths } = showChange('x', header('aaaaaaaa'), header('bbbbbbbb'))
    expect(hidden).toEqual(['spec.set.authorization (8 characters)'])
    expect(paths).toEqual(['spec.set.authorization'])
  })

  it('names hidden values that are added or taken away, and that of a new object; of a deleted one nothing', () => {
    const one = at('  mode: A\n')
    const other = at('  mode: A\n  password: hunter22\n')
    expect(showChange('x', one, other).hidden).toEqual(['spec.password (8 characters)'])
    expect(showChange('x', other, one).hidden).toEqual(['spec.password (8 characters)'])
    expect(showChange('x', undefined, other).hidden).toEqual(['spec.password (8 characters)'])
    expect(showChange('x', other, undefined)).toMatchObject({ hidden: [] })
    expect(showChange('x', other, undefined).diff).not.toContain('hunter22')
  })

  it('hides what environment variables and headers are given as name and value', () => {
    const env = (value: string): string => at(`  env:\n  - name: API_KEY\n    value: ${value}\n`)
    expect(showChange('x', env('one-key'), env('other-key')).hidden).toEqual(['spec.env[0].value (9 characters)'])
  })

  it('takes secrets out of comments', () => {
    const { diff } = showChange('x', undefined, `# Authorization: Bearer ${'a'.repeat(30)}\n${at('  mode: A\n')}`)
    expect(diff).not.toContain('aaaaaaaa')
  })

  it('ends soon for two long texts that have nothing in common', () => {
    const long = (word: string): string => Array.from({ length: 20_000 }, (_, index) => `${word}${index}`).join('\n')
    expect(unifiedDiff('x', long('a'), long('b')).split('\n').length).toBeGreaterThan(40_000)
  })
})
