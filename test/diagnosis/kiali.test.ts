import { describe, expect, it, onTestFinished } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { kialiApi } from '../../src/evidence/clients/kiali.ts'
import { recordClients, replayClients } from '../../src/evidence/clients/recording.ts'
import { reportText } from '../../src/report/text.ts'
import { reportParts } from '../../src/slack/blocks/report-parts.ts'
import { asRecorded, serveKiali, type Answering } from '../kiali/recorded-kiali.ts'
import { recordedClients } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'

const QUERY = parseAsk(readSituation('chapter-10').ask)

/** The recorded mesh with a Kiali beside it, asked so many seconds later. */
async function withKiali(twin: 'ill' | 'mended', answer: Answering, later = 600): Promise<Clients> {
  const { url, close } = await serveKiali(answer)
  onTestFinished(close)
  const clients = recordedClients(`chapter-10/${twin}`)
  return { ...clients, kiali: kialiApi(url), now: () => new Date(clients.now().getTime() + later * 1000) }
}

const diagnosed = async (clients: Clients): Promise<Report> => examine(QUERY, clients, CHECKS)
const told = (report: Report): string[] => report.findings.map(({ code }) => code)

describe("Kiali's validations in a diagnosis", () => {
  it('of what we found too are said once, by our finding, which keeps that Kiali says so', async () => {
    const report = await diagnosed(await withKiali('ill', asRecorded('broken')))
    expect(told(report).filter((code) => ['MESH0101', 'MESH0192'].includes(code))).toEqual(['MESH0101'])
    const says = report.cause?.finding.because.filter(({ kind }) => kind === 'kiali-validations')
    expect(says).toMatchObject([
      {
        says: 'Kiali says of VirtualService istioinaction/catalog-v1-v2: KIA1107 Subset not found (warning)',
        quote: 'spec/http[0]/route[0]/destination\nspec/http[0]/route[1]/destination',
      },
    ])
  })

  it('of what nobody else found are configured, and the target stays healthy', async () => {
    const report = await diagnosed(await withKiali('mended', asRecorded('broken')))
    expect(report.verdict).toBe('healthy')
    expect(report.findings).toMatchObject([
      { code: 'MESH0192', standing: 'configured', subject: { kind: 'VirtualService', name: 'catalog-v1-v2' } },
    ])
  })

  it('are none for the mended mesh', async () => {
    const report = await diagnosed(await withKiali('mended', asRecorded('fixed')))
    expect([report.verdict, report.findings]).toEqual(['healthy', []])
    expect(report.skipped).toEqual([])
    expect(report.ruledOut.map(({ check }) => check)).toContain('kiali-validation')
  })

  it('from before the last change count for nothing, and that is said', async () => {
    const report = await diagnosed(await withKiali('mended', asRecorded('broken'), 0))
    expect([report.verdict, report.findings]).toEqual(['healthy', []])
    expect(reportText(CHECKS, report)).toMatch(
      /Kiali's validations of VirtualService istioinaction\/catalog-v1-v2: outdated \(it was changed \d+ s before, and Kiali validates about once a minute\)/,
    )
  })

  it.each<[string, Answering]>([
    ['is down', ({ socket }) => socket.destroy()],
    ['answers with a page', (_, response) => response.end('<html>')],
    ['wants a login', (_, response) => response.writeHead(401).end()],
  ])('are not needed: where it %s that is said, and the verdict is the same', async (_, answer) => {
    const report = await diagnosed(await withKiali('mended', answer))
    expect(report.verdict).toBe('healthy')
    expect(report.skipped.map(({ check, kind }) => [check, kind])).toContainEqual([
      'kiali-validation',
      'kiali-validations',
    ])
    expect(reportText(CHECKS, report)).toContain('Kiali: the health of the target is not known')
  })

  it('are not asked for where none is configured', async () => {
    const report = await diagnosed(recordedClients('chapter-10/mended'))
    expect(report.plan.filter(({ kind }) => kind.startsWith('kiali'))).toEqual([])
    expect(report.ruledOut.map(({ check }) => check)).not.toContain('kiali-validation')
    expect([report.kiali, reportText(CHECKS, report).includes('Kiali')]).toEqual([undefined, false])
  })

  it('are recorded, and replayed to the same report', async () => {
    const { clients, recording } = recordClients(await withKiali('ill', asRecorded('broken')))
    const live = await diagnosed(clients)
    const again = await diagnosed(replayClients(recording))
    expect(reportText(CHECKS, again, { verbose: true })).toBe(reportText(CHECKS, live, { verbose: true }))
  })
})

it("Kiali's health of the application, and links, stand behind the rest", async () => {
  const report = await diagnosed(await withKiali('mended', asRecorded('fixed')))
  const says = 'health of catalog: Failure (0 of 1 pods of catalog available, 0 of 2 pods of catalog-v2 available)'
  const links = [
    { name: 'Kiali graph', url: 'https://kiali.example/graph/{namespace}/{service}' },
    { name: 'Workload', url: 'https://grafana.example/d/workload?var-workload={workload}&to={to}' },
  ]
  const text = reportText(CHECKS, report, { links })
  expect(text).toContain(`Kiali: ${says}.`)
  expect(text).toContain(
    `Links\n  Kiali graph: https://kiali.example/graph/istioinaction/catalog\n  Workload: https://grafana.example/d/workload?var-workload=catalog&to=${Date.parse(report.finishedAt)}\n`,
  )
  const last = reportParts(report, { checks: CHECKS, links }).at(-1)
  expect(last?.name).toBe('links')
  expect(JSON.stringify(last?.message)).toContain(says)
})
