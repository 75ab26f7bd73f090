import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { linksFor, loadConfig, originsOf, slackMode, type Config, type Environment } from '../src/config.ts'
import { ConfigError } from '../src/config/problem.ts'

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fromFile(yaml: string, environment: Environment = {}): Config {
  const path = join(folder, 'mesh-medic.yaml')
  writeFileSync(path, yaml)
  return loadConfig({ HOME: '/home/somebody', MESH_MEDIC_CONFIG: path, ...environment })
}
function problems(load: () => unknown): string[] {
  try {
    load()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ where, says }) => `${where}: ${says}`)
    throw error
  }
  return []
}

describe('defaults', () => {
  it('nothing is needed', () => {
    const config = loadConfig({ HOME: '/home/somebody' })
    expect(config).toMatchObject({
      istioctl: 'istioctl',
      dataFolder: '/home/somebody/.local/state/mesh-medic',
      healthPort: 8080,
      logLevel: 'info',
      limits: { stepTimeout: 20_000, concurrency: 6, jobs: 4 },
    })
    expect(slackMode(config)).toBeUndefined()
  })

  it("the data folder is in the user's state directory, unless it is named", () => {
    expect(loadConfig({ XDG_STATE_HOME: '/state' }).dataFolder).toBe('/state/mesh-medic')
    expect(loadConfig({ XDG_STATE_HOME: '/state', MESH_MEDIC_DATA: '/data' }).dataFolder).toBe('/data')
  })

  it('an empty variable counts as absent', () => {
    expect(loadConfig({ SLACK_BOT_TOKEN: '', PROMETHEUS_URL: '' }).slack.botToken).toBeUndefined()
  })
})

it('Socket Mode goes before HTTP', () => {
  const http = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'abcdefgh' }
  expect(slackMode(loadConfig(http))).toBe('http')
  expect(slackMode(loadConfig({ ...http, SLACK_APP_TOKEN: 'xapp-1' }))).toBe('socket')
})

it('a secret is not printed, however it is turned into text', () => {
  const environment = {
    SLACK_BOT_TOKEN: 'xoxb-hidden',
    SLACK_APP_TOKEN: 'xapp-hidden',
    SLACK_SIGNING_SECRET: 'hidden-hidden',
    REDIS_URL: 'redis://:hidden@redis:6379',
  }
  const config = loadConfig(environment)
  const printed = [
    JSON.stringify(config),
    inspect(config, { depth: null, showHidden: true }),
    String(config.redisUrl),
    JSON.stringify(originsOf(environment)),
  ].join('\n')
  expect(printed).toContain('[redacted]')
  expect(printed).not.toContain('hidden@')
  expect(printed).not.toMatch(/-hidden/)
  expect(config.slack.botToken?.reveal()).toBe('xoxb-hidden')
})

describe('wrong variables', () => {
  it('all are reported, without their values', () => {
    const found = problems(() =>
      loadConfig({
        SLACK_BOT_TOKEN: 'hidden',
        HEALTH_PORT: 'eighty',
        LOG_LEVEL: 'loud',
        PROMETHEUS_URL: 'prometheus:9090',
        REDIS_URL: 'hidden',
      }),
    )
    expect(found.map((one) => one.split(':')[0])).toEqual([
      'SLACK_BOT_TOKEN',
      'REDIS_URL',
      'PROMETHEUS_URL',
      'HEALTH_PORT',
      'LOG_LEVEL',
    ])
    expect(found.join()).not.toContain('hidden')
  })

  it('an unknown one of ours: the nearest is named', () => {
    expect(problems(() => loadConfig({ MESH_MEDIC_CONIFG: 'x' }))).toEqual([
      'MESH_MEDIC_CONIFG: is not a variable mesh-medic knows; did you mean MESH_MEDIC_CONFIG?',
    ])
  })

  it('those that Kubernetes sets beside a Service are none of ours', () => {
    expect(
      problems(() =>
        loadConfig({
          MESH_MEDIC_PORT: 'tcp://10.0.0.1:8080',
          MESH_MEDIC_PORT_8080_TCP: 'x',
          MESH_MEDIC_SERVICE_HOST: '10.0.0.1',
        }),
      ),
    ).toEqual([])
  })
})

describe('addresses that are shown', () => {
  it.each([
    [
      { KIALI_URL: 'https://reader:hidden@kiali/kiali' },
      'KIALI_URL: must hold no name and no password: set KIALI_TOKEN',
    ],
    [{ KIALI_URL: 'https://hidden@kiali/kiali' }, 'KIALI_URL: must hold no name and no password'],
    [{ ALERTMANAGER_URL: 'https://reader:hidden@alertmanager' }, 'ALERTMANAGER_URL: must hold no name and no password'],
  ])('hold no credentials: %o', (environment, says) => {
    const [found = ''] = problems(() => loadConfig(environment))
    expect(found).toContain(says)
    expect(found).not.toContain('hidden')
  })

  it.each([
    ['clusters: { one: { kiali: "https://a:hidden@b" } }', 'clusters.one.kiali'],
    ['links: { A: "https://a:hidden@b/{host}" }', 'links.A'],
    ['docsUrl: "https://a:hidden@b"', 'docsUrl'],
  ])('nor do those of the file: %s', (text, where) => {
    expect(problems(() => fromFile(text))).toEqual([`mesh-medic.yaml:1: ${where}: must hold no name and no password`])
  })
})

describe('how Prometheus is asked', () => {
  const url = 'https://prometheus:9090'

  it.each([
    [{ PROMETHEUS_URL: 'https://reader:hidden@prometheus' }, 'PROMETHEUS_URL: must hold no name and no password'],
    [{ PROMETHEUS_TOKEN_FILE: 'a' }, 'PROMETHEUS_TOKEN_FILE: is of no use without PROMETHEUS_URL'],
    [{ PROMETHEUS_URL: url, PROMETHEUS_USERNAME: 'reader' }, 'PROMETHEUS_USERNAME: needs PROMETHEUS_PASSWORD'],
    [{ PROMETHEUS_URL: url, PROMETHEUS_PASSWORD: 'hidden' }, 'PROMETHEUS_PASSWORD: needs PROMETHEUS_USERNAME'],
    [
      { PROMETHEUS_URL: url, PROMETHEUS_USERNAME: 'a', PROMETHEUS_PASSWORD_FILE: 'b', PROMETHEUS_TOKEN_FILE: 'c' },
      'PROMETHEUS_TOKEN_FILE: and PROMETHEUS_USERNAME exclude each other',
    ],
    [
      { PROMETHEUS_URL: url, PROMETHEUS_USERNAME: 'a', PROMETHEUS_PASSWORD_FILE: 'b', PROMETHEUS_PASSWORD: 'hidden' },
      'PROMETHEUS_PASSWORD: and PROMETHEUS_PASSWORD_FILE exclude each other',
    ],
    [{ PROMETHEUS_URL: url, PROMETHEUS_CERT_FILE: 'a' }, 'PROMETHEUS_CERT_FILE: needs PROMETHEUS_KEY_FILE'],
    [{ PROMETHEUS_URL: url, PROMETHEUS_KEY_FILE: 'a' }, 'PROMETHEUS_KEY_FILE: needs PROMETHEUS_CERT_FILE'],
    [{ PROMETHEUS_URL: 'http://p', PROMETHEUS_CA_FILE: 'a' }, 'PROMETHEUS_CA_FILE: needs an https address'],
    [
      { PROMETHEUS_URL: url, PROMETHEUS_USERNAME: 'a:b', PROMETHEUS_PASSWORD: 'hidden' },
      'PROMETHEUS_USERNAME: must hold no colon',
    ],
  ])('%o', (environment, says) => {
    const [found = ''] = problems(() => loadConfig(environment))
    expect(found).toContain(says)
    expect(found).not.toContain('hidden')
  })

  it('the same in the file, with its lines', () => {
    const access = (text: string): string =>
      `clusters:\n  one:\n    context: a\n    prometheus: ${url}\n    prometheusAccess: {${text}}\n`
    expect(problems(() => fromFile(access('username: a')))).toEqual([
      'mesh-medic.yaml:5: clusters.one.prometheusAccess.username: needs passwordFile',
    ])
    expect(problems(() => fromFile(access('certFile: a')))).toEqual([
      'mesh-medic.yaml:5: clusters.one.prometheusAccess.certFile: needs keyFile',
    ])
    expect(problems(() => fromFile('clusters: { one: { prometheusAccess: { tokenFile: a } } }'))).toEqual([
      'mesh-medic.yaml:1: clusters.one.prometheusAccess.tokenFile: is of no use without clusters.one.prometheus',
    ])
    expect(problems(() => fromFile('clusters: { one: { prometheus: "https://a:hidden@b" } }'))).toEqual([
      'mesh-medic.yaml:1: clusters.one.prometheus: must hold no name and no password: use prometheusAccess',
    ])
    expect(problems(() => fromFile(access('username: a, passwordFile: b, caFile: c')))).toEqual([])
  })

  it('whole', () => {
    expect(
      loadConfig({
        PROMETHEUS_URL: url,
        PROMETHEUS_USERNAME: 'a',
        PROMETHEUS_PASSWORD: 'hidden',
        PROMETHEUS_CA_FILE: 'c',
      }).prometheusAccess,
    ).toMatchObject({ username: 'a', caFile: 'c' })
  })
})

describe('the file', () => {
  it('is combined with the environment', () => {
    const config = fromFile(
      'clusters:\n  production: { context: prod, prometheus: http://prometheus:9090 }\nlimits: { stepTimeout: 5 }\n',
    )
    expect(config).toMatchObject({
      cluster: 'production',
      clusters: { production: { context: 'prod' } },
      limits: { stepTimeout: 5000, concurrency: 6 },
    })
  })

  it('names other tools that reports link to; the graph of Kiali is one, unless it has an address of its own there', () => {
    const grafana = { name: 'Grafana', url: 'https://grafana.example/d/x?var-service={host}' }
    const given = fromFile(`links:\n  ${grafana.name}: ${grafana.url}\n`)
    expect(linksFor(given)).toEqual([grafana])
    const kiali = { ...given, kiali: { url: 'http://kiali:20001/kiali/' } }
    expect(linksFor(kiali).map(({ url }) => url)).toEqual([
      'http://kiali:20001/kiali/console/graph/node/namespaces/{namespace}/services/{service}?duration=3600',
      grafana.url,
    ])
    const own = [{ name: 'Kiali graph', url: 'https://kiali.example/{namespace}' }]
    expect(linksFor({ ...kiali, links: own })).toEqual(own)
    expect(
      problems(() => fromFile('links:\n  A: https://a/{pods}\n  B: javascript:alert(1)\n  C: "https://{host}/"\n')),
    ).toEqual([
      'mesh-medic.yaml:2: links.A: {pods} is not known; known are {namespace}, {service}, {host}, {workload}, {from}, {to}, {query}',
      'mesh-medic.yaml:3: links.B: must be an http or https address',
    ])
  })

  it('may be empty', () => {
    expect(problems(() => fromFile(''))).toEqual([])
  })

  it('every problem is told with its line, unknown keys with the nearest', () => {
    expect(
      problems(() =>
        fromFile(
          'clusters:\n  production:\n    contxt: prod\n    prometheus: nowhere\nlimit:\n  jobs: 1\nlimits:\n  jobs: many\nchannels:\n  mesh: {}\n',
        ),
      ),
    ).toEqual([
      'mesh-medic.yaml:4: clusters.production.prometheus: must be an http or https address',
      'mesh-medic.yaml:3: clusters.production.contxt is not a key here; did you mean context?',
      'mesh-medic.yaml:10: channels.mesh: must be a Slack channel id like C0123456789',
      expect.stringMatching(/^mesh-medic\.yaml:8: limits\.jobs: .*expected number/),
      'mesh-medic.yaml:5: limit is not a key here; did you mean limits?',
    ])
  })

  it('YAML that cannot be read: its line', () => {
    expect(problems(() => fromFile('clusters:\n  a: {\n'))[0]).toMatch(/^mesh-medic\.yaml:\d+: /)
  })

  it('a file that is not there', () => {
    expect(problems(() => loadConfig({ MESH_MEDIC_CONFIG: '/nowhere/mesh-medic.yaml' }))[0]).toMatch(
      /^MESH_MEDIC_CONFIG: cannot be read/,
    )
  })

  it('several clusters: one must be chosen; names must exist', () => {
    const two = 'clusters:\n  staging: {}\n  production: {}\n'
    expect(problems(() => fromFile(two))[0]).toMatch(/^mesh-medic\.yaml:1: clusters: there are 2/)
    expect(problems(() => fromFile(`${two}cluster: prodction\n`))).toEqual([
      'mesh-medic.yaml:4: cluster: there is no cluster prodction; did you mean production?',
    ])
    expect(problems(() => fromFile(`${two}cluster: staging\nchannels:\n  C0001: { cluster: stagin }\n`))).toEqual([
      'mesh-medic.yaml:6: channels.C0001.cluster: there is no cluster stagin; did you mean staging?',
    ])
  })
})

describe('identities', () => {
  it.each([
    'system:masters',
    'SYSTEM:MASTERS',
    'System:node:a',
    'kubeadm:cluster-admins',
    'KubeAdm:cluster-admins',
    ' system:masters',
    'system:masters ',
  ])('may not name %j, as a user or as a group', (name) => {
    for (const text of [
      `identities: { users: { U0001: { user: ${JSON.stringify(name)} } } }`,
      `identities: { users: { U0001: { user: ana, groups: [${JSON.stringify(name)}] } } }`,
      `identities: { groups: { S0001: [${JSON.stringify(name)}] } }`,
      `changes: { rehearseAs: { user: ${JSON.stringify(name)} } }`,
    ])
      expect(problems(() => fromFile(text))).toMatchObject([expect.stringMatching(/Kubernetes/)])
  })

  it('may not be one user of two Slack accounts', () => {
    const text = 'identities:\n  users:\n    U0001: { user: ana@example.com }\n    U0002: { user: Ana@example.com }\n'
    expect(problems(() => fromFile(text))).toEqual([
      'mesh-medic.yaml:4: identities.users.U0002: U0001 is already Ana@example.com in Kubernetes; one person could approve their own change with two Slack accounts',
    ])
  })
})

describe('places that are not listed', () => {
  const roles = (text: string, channel: string): unknown => fromFile(text).policy.roles(channel)

  it('are open while no channel names its viewers, and closed once one does', () => {
    expect(roles('channels: { C0001: { fourEyes: true } }', 'D0001')).toEqual({})
    const closed = 'channels: { C0001: { roles: { viewer: { users: [U0001] } } }, C0002: {} }\n'
    for (const place of ['D0001', 'C0003', 'constructor']) expect(roles(closed, place)).toEqual({ viewer: {} })
    expect(roles(closed, 'C0002')).toEqual({})
  })

  it('have the roles that are given to them', () => {
    const text =
      'channels: { C0001: { roles: { viewer: { users: [U0001] } } } }\nunlisted: { roles: { viewer: { users: [U0009] } } }\n'
    expect(roles(text, 'D0001')).toEqual({ viewer: { users: ['U0009'] } })
  })
})
