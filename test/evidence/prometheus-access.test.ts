import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { prometheusOf } from '../../src/cli/prometheus.ts'
import { loadConfig, type Environment } from '../../src/config.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { prometheusApi } from '../../src/evidence/clients/prometheus.ts'
import { certificate, type Certificate } from '../live/certificate.ts'

const HOUR = 3600
const HERE = '127.0.0.1'
const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-prometheus-'))
afterAll(() => rmSync(folder, { recursive: true }))

const authority = { name: 'Test CA', ...certificate('Test CA', -HOUR, HOUR) }
const another = { name: 'Another CA', ...certificate('Another CA', -HOUR, HOUR) }
const pem = (base64: string): string => Buffer.from(base64, 'base64').toString()
const file = (name: string, content: string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const CA = file('ca.crt', pem(authority.certificate))

const SUCCESS = JSON.stringify({ status: 'success', data: { result: [{ metric: { a: 'b' }, value: [0, '7'] }] } })
const succeed: RequestListener = (_, response) => response.end(SUCCESS)

async function listening(server: Server): Promise<number> {
  server.listen(0, HERE)
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}
/** A port that nobody listens on any more. */
async function listeningOnce(): Promise<number> {
  const server = createHttpServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
async function serveTls(
  { certificate: cert, key }: Certificate,
  { answer = succeed, ...options }: ServerOptions & { answer?: RequestListener } = {},
): Promise<string> {
  const server = createHttpsServer({ cert: pem(cert), key: pem(key), ...options }, answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://${HERE}:${await listening(server)}`
}
async function serve(answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${HERE}:${await listening(server)}`
}

/** What a query is answered with, by a Prometheus as the environment configures it; why it was not otherwise. */
async function ask(environment: Environment, signal = new AbortController().signal): Promise<unknown> {
  const connection = prometheusOf(loadConfig({ HOME: '/home/somebody', ...environment }))
  if (connection === undefined) return 'none'
  try {
    return (await prometheusApi(connection).query('up', signal)).map(({ value }) => value)
  } catch (error) {
    if (error instanceof UnseenError) return [error.reason, error.message]
    throw error
  }
}
const good = (): Certificate => certificate(HERE, -HOUR, HOUR, authority)

it.each([
  ['of a store that did not answer', { warnings: ['No StoreAPIs matched for this query'] }, 'No StoreAPIs matched'],
  ['of VictoriaMetrics', { isPartial: true }, 'some of its storage did not answer'],
])('an answer without a part of the data is none: %s', async (_name, partial, why) => {
  const url = await serve((_, response) =>
    response.end(JSON.stringify({ ...(JSON.parse(SUCCESS) as object), ...partial })),
  )
  await expect(prometheusApi({ url }).query('up', AbortSignal.timeout(20_000))).rejects.toMatchObject({
    reason: 'unavailable',
    message: expect.stringContaining(why) as string,
  })
})

it('a remark on the query takes nothing away', async () => {
  const warnings = ['PromQL warning: bucket label "le" is missing']
  const url = await serve((_, response) =>
    response.end(JSON.stringify({ ...(JSON.parse(SUCCESS) as object), warnings })),
  )
  expect(await prometheusApi({ url }).query('up', AbortSignal.timeout(20_000))).toHaveLength(1)
})

describe('who asks', () => {
  const wants =
    (authorization: string): RequestListener =>
    ({ headers }, response) =>
      headers.authorization === authorization ? response.end(SUCCESS) : response.writeHead(401).end('Unauthorized')
  const basic = (name: string, password: string): string =>
    `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

  it('by a name and a password, of the environment or of a file', async () => {
    const url = await serve(wants(basic('reader', 'pä:ss')))
    const PROMETHEUS_PASSWORD_FILE = file('password', 'pä:ss\n')
    const who = { PROMETHEUS_URL: url, PROMETHEUS_USERNAME: 'reader' }
    expect(await ask({ ...who, PROMETHEUS_PASSWORD: 'pä:ss' })).toEqual([7])
    expect(await ask({ ...who, PROMETHEUS_PASSWORD_FILE })).toEqual([7])
  })

  it('by a token, whose file is read anew for each question', async () => {
    let token = 'first'
    const url = await serve((request, response) => wants(`Bearer ${token}`)(request, response))
    const PROMETHEUS_TOKEN_FILE = file('token', 'first\n')
    const api = prometheusApi(prometheusOf(loadConfig({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN_FILE })) ?? { url })
    const { signal } = new AbortController()
    expect(await api.query('up', signal)).toHaveLength(1)
    token = 'second'
    file('token', 'second')
    expect(await api.query('up', signal)).toHaveLength(1)
  })

  it.each([
    ['nobody', {}, 'Prometheus wants credentials (401): set PROMETHEUS_TOKEN_FILE, or PROMETHEUS_USERNAME and'],
    [
      'one with a wrong password',
      { PROMETHEUS_USERNAME: 'reader', PROMETHEUS_PASSWORD: 'hidden-word' },
      'does not accept',
    ],
  ])('refused: %s', async (_, who, says) => {
    const url = await serve(wants(basic('reader', 'pass')))
    const answer = await ask({ PROMETHEUS_URL: url, ...who })
    expect(answer).toEqual(['forbidden', expect.stringContaining(says)])
    expect(JSON.stringify(answer)).not.toContain('hidden-word')
  })

  it('without the right: 403', async () => {
    const url = await serve((_, response) => response.writeHead(403).end('no'))
    expect(await ask({ PROMETHEUS_URL: url })).toEqual(['forbidden', expect.stringContaining('(403)')])
  })

  it('a file that is not there is named, and nothing is asked', async () => {
    const url = await serve(() => expect.unreachable())
    expect(await ask({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN_FILE: join(folder, 'absent') })).toEqual([
      'unavailable',
      expect.stringMatching(/^the file that PROMETHEUS_TOKEN_FILE names could not be read \(ENOENT/),
    ])
    expect(await ask({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN_FILE: file('empty', '\n') })).toEqual([
      'unavailable',
      'the file that PROMETHEUS_TOKEN_FILE names is empty',
    ])
    expect(await ask({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN_FILE: file('two', 'one\r\nEvil: header') })).toEqual([
      'unavailable',
      expect.stringContaining('no token'),
    ])
  })

  it('is told to nobody else: redirects are not followed', async () => {
    const elsewhere = await serve(() => expect.unreachable())
    const url = await serve((_, response) =>
      response.writeHead(302, { location: `${elsewhere}/login?token=eyJhbGciOiJIUzI1NiJ9.e30.abcdefghijkl` }).end(),
    )
    const answer = await ask({ PROMETHEUS_URL: url, PROMETHEUS_TOKEN_FILE: file('token', 'first') })
    expect(answer).toEqual(['unavailable', expect.stringMatching(/^Prometheus redirects to http:.*PROMETHEUS_URL/)])
    expect(JSON.stringify(answer)).not.toContain('eyJ')
  })
})

describe('over TLS', () => {
  it('trusts a CA of its own', async () => {
    const PROMETHEUS_URL = await serveTls(good())
    expect(await ask({ PROMETHEUS_URL, PROMETHEUS_CA_FILE: CA })).toEqual([7])
  })

  it('shows a client certificate to who asks for one', async () => {
    const PROMETHEUS_URL = await serveTls(good(), {
      requestCert: true,
      rejectUnauthorized: true,
      ca: pem(authority.certificate),
    })
    const own = (of: Certificate, name: string): Environment => ({
      PROMETHEUS_CERT_FILE: file(`${name}.crt`, pem(of.certificate)),
      PROMETHEUS_KEY_FILE: file(`${name}.key`, pem(of.key)),
    })
    const trusting = { PROMETHEUS_URL, PROMETHEUS_CA_FILE: CA }
    expect(await ask({ ...trusting, ...own(certificate('reader', -HOUR, HOUR, authority), 'good') })).toEqual([7])
    const refusal = ['unavailable', expect.stringMatching(/^Prometheus ended the connection .*client certificate/)]
    expect(await ask(trusting)).toEqual(refusal)
    expect(await ask({ ...trusting, ...own(certificate('reader', -HOUR, HOUR, another), 'other') })).toEqual(refusal)
    expect(await ask({ ...trusting, ...own(certificate('reader', -HOUR, -60, authority), 'old') })).toEqual(refusal)
  })

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'a client certificate that is refused while the connection is made (TLS 1.2)',
    async () => {
      const own = good()
      const port = await listeningOnce()
      const server = spawn(
        'openssl',
        [
          's_server',
          '-accept',
          `${HERE}:${port}`,
          '-www',
          '-tls1_2',
          '-Verify',
          '1',
          '-verify_return_error',
          '-CAfile',
          CA,
        ].concat('-cert', file('server.crt', pem(own.certificate)), '-key', file('server.key', pem(own.key))),
        { stdio: ['ignore', 'pipe', 'ignore'] },
      )
      onTestFinished(() => void server.kill())
      await new Promise((resolve) => server.stdout.once('data', resolve))
      const trusting = { PROMETHEUS_URL: `https://${HERE}:${port}`, PROMETHEUS_CA_FILE: CA }
      const client = certificate('reader', -HOUR, HOUR, another)
      for (const shown of [
        {},
        {
          PROMETHEUS_CERT_FILE: file('refused.crt', pem(client.certificate)),
          PROMETHEUS_KEY_FILE: file('refused.key', pem(client.key)),
        },
      ])
        expect(await ask({ ...trusting, ...shown })).toEqual([
          'forbidden',
          expect.stringMatching(/^Prometheus does not accept the client certificate, or wants one \(.*\): set/),
        ])
    },
  )

  it.each([
    ['of a CA that is not trusted', good, {}, /not signed by a CA that is trusted here.*PROMETHEUS_CA_FILE/],
    [
      'of its own signature',
      () => certificate(HERE, -HOUR, HOUR),
      { PROMETHEUS_CA_FILE: CA },
      /not signed by a CA that/,
    ],
    ['that has expired', () => certificate(HERE, -HOUR, -60, authority), { PROMETHEUS_CA_FILE: CA }, /has expired/],
    ['of the future', () => certificate(HERE, 60, HOUR, authority), { PROMETHEUS_CA_FILE: CA }, /is not valid yet/],
    [
      'for another host',
      () => certificate('prometheus.monitoring', -HOUR, HOUR, authority),
      { PROMETHEUS_CA_FILE: CA },
      /is not for 127\.0\.0\.1/,
    ],
  ])('refuses a certificate %s', async (_, of, environment: Environment, says) => {
    const PROMETHEUS_URL = await serveTls(of())
    expect(await ask({ PROMETHEUS_URL, ...environment })).toEqual(['unavailable', expect.stringMatching(says)])
  })

  it('a port without TLS, and a port with TLS asked without', async () => {
    const plain = await serve(succeed)
    expect(await ask({ PROMETHEUS_URL: plain.replace('http:', 'https:') })).toEqual([
      'unavailable',
      expect.stringContaining('does not speak TLS'),
    ])
    const tls = await serveTls(good())
    expect(await ask({ PROMETHEUS_URL: tls.replace('https:', 'http:') })).toEqual([
      'unavailable',
      expect.stringContaining('could not be reached'),
    ])
  })

  it('files that are no certificate are named', async () => {
    const PROMETHEUS_URL = await serveTls(good())
    const broken = file('broken.crt', 'no certificate')
    expect(await ask({ PROMETHEUS_URL, PROMETHEUS_CA_FILE: broken })).toEqual([
      'unavailable',
      'the file that PROMETHEUS_CA_FILE names holds no certificate',
    ])
    const { certificate: cert } = good()
    expect(
      await ask({
        PROMETHEUS_URL,
        PROMETHEUS_CA_FILE: CA,
        PROMETHEUS_CERT_FILE: file('own.crt', pem(cert)),
        PROMETHEUS_KEY_FILE: file('own.key', pem(good().key)),
      }),
    ).toEqual(['unavailable', expect.stringContaining('PROMETHEUS_KEY_FILE')])
  })
})

describe('several clusters', () => {
  const yaml = (url: string, access: string): string =>
    file('mesh-medic.yaml', `clusters:\n  one: { context: a, prometheus: '${url}'${access} }\n`)

  it('each has its own credentials, and none has those of another', async () => {
    const seen: (string | undefined)[] = []
    const url = await serve(({ headers }, response) => {
      seen.push(headers.authorization)
      response.end(SUCCESS)
    })
    const environment = {
      PROMETHEUS_URL: 'http://elsewhere:9090',
      PROMETHEUS_TOKEN_FILE: file('token', 'of-elsewhere'),
    }
    for (const access of ['', `, prometheusAccess: { tokenFile: '${file('own-token', 'own')}' }`]) {
      const config = loadConfig({ ...environment, MESH_MEDIC_CONFIG: yaml(url, access) })
      const connection = prometheusOf(config, config.clusters.one)
      await prometheusApi(connection ?? { url: '' }).query('up', new AbortController().signal)
    }
    expect(seen).toEqual([undefined, 'Bearer own'])
  })

  it('names the key of the file in what is wrong with it', async () => {
    const url = await serveTls(good())
    const config = loadConfig({ MESH_MEDIC_CONFIG: yaml(url, `, prometheusAccess: { caFile: '${folder}/absent' }`) })
    const connection = prometheusOf(config, config.clusters.one)
    await expect(prometheusApi(connection ?? { url }).query('up', new AbortController().signal)).rejects.toThrow(
      /^the file that prometheusAccess\.caFile names could not be read/,
    )
  })
})

describe('what is no answer', () => {
  it.each([
    [
      'a page',
      (_, response) => response.end('<!doctype html><title>Sign in</title>'),
      'unparsable',
      /a page instead of JSON.*PROMETHEUS_URL/,
    ],
    ['JSON that is cut off', (_, response) => response.end(SUCCESS.slice(0, -9)), 'unparsable', /not JSON/],
    [
      'an error in JSON',
      (_, response) =>
        response
          .writeHead(422)
          .end('{"status":"error","errorType":"execution","error":"query processing would load too many samples"}'),
      'unavailable',
      /^Prometheus answered 422: query processing would load too many samples$/,
    ],
    [
      'an error with status 200',
      (_, response) => response.end('{"status":"error","error":"out of order"}'),
      'unavailable',
      /out of order/,
    ],
    [
      'a path that leads elsewhere',
      (_, response) => response.writeHead(404).end('<html>not found'),
      'unavailable',
      /404.*PROMETHEUS_URL/,
    ],
    ['a connection that ends', (request) => request.socket.destroy(), 'unavailable', /could not be reached/],
  ] as [string, RequestListener, string, RegExp][])('%s', async (_, answer, reason, says) => {
    expect(await ask({ PROMETHEUS_URL: await serve(answer) })).toEqual([reason, expect.stringMatching(says)])
  })

  it('one that is slow is given up', async () => {
    const url = await serve(() => undefined)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    expect(await ask({ PROMETHEUS_URL: url }, controller.signal)).toEqual([
      'timeout',
      'Prometheus did not answer in time',
    ])
  })

  it('NaN and Inf are numbers that tell nothing, and are handed on as such', async () => {
    const url = await serve((_, response) =>
      response.end(
        '{"status":"success","data":{"result":[{"metric":{},"value":[0,"NaN"]},{"metric":{},"value":[0,"+Inf"]}]}}',
      ),
    )
    expect(await ask({ PROMETHEUS_URL: url })).toEqual([NaN, NaN])
  })

  it('what it says stays within its line', async () => {
    const url = await serve((_, response) =>
      response.end(
        '{"status":"success","data":{"result":[{"metric":{"pod":"a\\nServers\\r\\n  100 %"},"value":[0,"1"]}]}}',
      ),
    )
    expect(await prometheusApi({ url }).query('up', new AbortController().signal)).toEqual([
      { metric: { pod: 'a Servers 100 %' }, value: 1 },
    ])
    const refusing = await serve((_, response) => response.writeHead(422).end('{"error":"bad\\nHealthy: all is well"}'))
    expect(await ask({ PROMETHEUS_URL: refusing })).toEqual([
      'unavailable',
      'Prometheus answered 422: bad Healthy: all is well',
    ])
  })
})
