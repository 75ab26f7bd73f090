import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { WriteError } from '../../src/fixes/cluster-writer.ts'
import type { Policy } from '../../src/fixes/policy.ts'
import { editableText } from '../../src/fixes/edit.ts'
import { readChange, updateChange, type ChangeRecord } from '../../src/fixes/record.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { policyOf } from '../../src/config/policy.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import type { RunRequest } from '../../src/capabilities/index.ts'
import { processors } from '../../src/capabilities/processors.ts'
import { sweepChanges } from '../../src/capabilities/sweep-changes.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, listRuns, readRun, type RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeBoard } from './fake-board.ts'
import { FakeThread } from './fake-thread.ts'
import { rememberingLog } from '../slack/house.ts'
import { defined } from '../../src/mesh/defined.ts'

const NEVER = new AbortController().signal
const recording = (twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, 'chapter-10', twin, 'recording.json'), 'utf8'))
const [ILL, MENDED] = [recording('ill'), recording('mended')]

const POLICY: Policy = policyOf({
  channels: {
    C_MESH: {
      roles: {
        operator: { users: ['U_ONCALL'] },
        approver: { users: ['U_ONCALL', 'U_SECOND', 'U_THIRD', 'U_UNMAPPED'], groups: ['S_PLATFORM'] },
      },
    },
  },
  identities: {
    users: Object.fromEntries(
      ['U_ONCALL', 'U_SECOND', 'U_THIRD', 'U_MEMBER'].map((user) => [
        user,
        { user: `${user.toLowerCase()}@example.com`, groups: ['mesh-medic:approvers'] },
      ]),
    ),
  },
  changes: { proofSeconds: 0.2 },
})

interface Bench {
  records: Records
  board: FakeBoard
  work: ReturnType<typeof processors>
  enqueued: RunJob[]
  writes: string[]
  thread: FakeThread
  /** Presses Propose fix; the stored change. */
  proposed(): Promise<ChangeRecord>
  /** A person's press on a change; the run. */
  press(change: string, verb: 'approve' | 'reject' | 'undo', user: string, reason?: string): Promise<RunRecord>
  now(change: string): Promise<ChangeRecord>
  events(): Promise<string[]>
}

function bench({
  policy = POLICY,
  writer: given,
  clients = (real) => real,
  mended = MENDED,
  ill = ILL,
}: {
  policy?: Policy
  writer?: (real: ClusterWriter) => Partial<ClusterWriter>
  clients?: (real: Clients) => Clients
  mended?: typeof MENDED
  ill?: typeof ILL
} = {}): Bench {
  const records = memoryRecords()
  const board = new FakeBoard({ S_PLATFORM: ['U_MEMBER'] })
  const enqueued: RunJob[] = []
  const thread = new FakeThread()
  const mesh = recordedMesh({ ill, mended })
  const writes: string[] = []
  const real: ClusterWriter = {
    ...mesh.writer,
    write: async (permit, index, signal) => {
      const { verb, ref } = permit.writes[index]!
      writes.push(`${permit.undoes === true ? 'undo ' : ''}${verb} ${ref.kind} ${ref.name} as ${permit.as.user}`)
      return mesh.writer.write(permit, index, signal)
    },
  }
  const { deps } = capabilityDeps(records, {
    clients: clients(mesh.clients),
    checks: CHECKS,
    openThread: () => thread,
    policy,
    writer: { ...real, ...given?.(real) },
    board,
    queue: {
      enqueue: (job) => {
        enqueued.push(job)
        return Promise.resolve()
      },
      counts: () => Promise.reject(new Error('not asked')),
    },
    proofEvery: 50,
  })
  const work = processors(deps)
  const runOf = async (request: RunRequest, user: string): Promise<RunRecord> => {
    const run = await createRun(records, { request, asker: { user }, channel: 'C_MESH', thread: '1795482395.439000' })
    await work.process({ run: run.id, kind: request.kind }, NEVER)
    return (await readRun(records, run.id))!
  }
  const now = async (id: string): Promise<ChangeRecord> => (await readChange(records, id))!
  return {
    records,
    board,
    work,
    enqueued,
    writes,
    thread,
    now,
    async proposed() {
      const run = await runOf(
        {
          kind: 'propose',
          text: 'catalog',
          namespace: 'istioinaction',
          target: {
            key: 'service/istioinaction/catalog',
            kind: 'Service',
            namespace: 'istioinaction',
            name: 'catalog',
          },
        },
        'U_ONCALL',
      )
      return now(run.id)
    },
    press: (change, verb, user, reason) =>
      runOf({ kind: 'decide', text: '', change, decision: { verb, ...defined({ reason }) } }, user),
    events: async () =>
      (await auditEntries(records)).map(({ entry }) => entry.event).filter((event) => event.startsWith('fix-')),
  }
}

describe('a fix', () => {
  let house: Bench
  beforeEach(() => {
    house = bench()
  })

  it('is proposed from the objects, validated, and written nowhere', async () => {
    const change = await house.proposed()
    expect(change).toMatchObject({
      state: 'proposed',
      act: 'add-subsets',
      for: 'MESH0101',
      requester: { user: 'U_ONCALL' },
      subject: { kind: 'VirtualService', name: 'catalog-v1-v2' },
      force: false,
    })
    expect(change.diff).toContain('+  subsets:')
    expect(change.baseline.traffic).toMatchObject({ requests: 10, failed: 10, flags: { '503 NC': 10 } })
    expect(house.writes).toEqual([])
    expect(house.thread.told.at(-1)).toEqual(['answer', { kind: 'propose', change: change.id }])
  })

  it('is proposed once when two processes work on it at the same time', async () => {
    const request: RunRequest = { kind: 'propose', text: 'catalog', namespace: 'istioinaction' }
    const run = await createRun(house.records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
    const job = { run: run.id, kind: request.kind }
    await Promise.all([house.work.process(job, NEVER), house.work.process(job, NEVER)])
    expect(await readRun(house.records, run.id)).toMatchObject({ state: 'done', outcome: { verdict: 'proposed' } })
    expect(await house.now(run.id)).toMatchObject({ state: 'proposed' })
    expect(house.thread.said).not.toContain('failed')
    expect(await house.events()).toEqual(['fix-proposed'])
  })

  it('is applied after a second person approved, proved, and undone', async () => {
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(house.writes).toEqual(['apply DestinationRule catalog as u_second@example.com'])
    const proved = await house.now(id)
    expect(proved).toMatchObject({
      state: 'proved',
      decided: { user: 'U_SECOND', verdict: 'approved' },
      as: { user: 'u_second@example.com', groups: ['mesh-medic:approvers'] },
      proof: { outcome: 'gone', after: { verdict: 'healthy', traffic: { requests: 10, failed: 0 } } },
    })
    expect(proved.inverse).toMatchObject([{ verb: 'delete', ref: { kind: 'DestinationRule' } }])
    await house.press(id, 'undo', 'U_THIRD')
    expect(house.writes.slice(1)).toEqual(['undo delete DestinationRule catalog as u_third@example.com'])
    expect(await house.now(id)).toMatchObject({ state: 'undone', undo: { user: 'U_THIRD', state: 'undone' } })
    expect(await house.events()).toEqual([
      'fix-proposed',
      'fix-approved',
      'fix-applied',
      'fix-verified',
      'fix-undo-approved',
      'fix-undone',
    ])
    expect(await verifyAudit(house.records)).toMatchObject({ ok: true })
  })

  it.each([
    ['the requester', 'U_ONCALL', /asked for this change yourself/],
    ['a viewer', 'U_VISITOR', /requires the role approver, and you are a viewer/],
    ['an approver whom nobody mapped', 'U_UNMAPPED', /Kubernetes user is not known/],
  ])('is not approved by %s', async (_who, user, why) => {
    const { id } = await house.proposed()
    await house.press(id, 'approve', user)
    expect(house.board.told.at(-1)).toMatchObject(['privately', user, { why: expect.stringMatching(why) as string }])
    expect(await house.now(id)).toMatchObject({ state: 'proposed' })
    expect(house.writes).toEqual([])
    expect(await house.events()).toEqual(['fix-proposed', 'fix-refused'])
  })

  it('is approved by a member of a user group', async () => {
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_MEMBER')
    expect(house.writes).toHaveLength(1)
  })

  it('is written once, however many press at once', async () => {
    const { id } = await house.proposed()
    await Promise.all(['U_SECOND', 'U_SECOND', 'U_THIRD', 'U_MEMBER'].map((user) => house.press(id, 'approve', user)))
    expect(house.writes).toHaveLength(1)
    const winner = (await house.now(id)).decided!.user
    const late = house.board.told.filter(([what]) => what === 'privately')
    expect(late).toHaveLength(3)
    for (const [, , answer] of late)
      expect(answer).toMatchObject({ why: expect.stringContaining(`by <@${winner}>`) as string })
  })

  it('expires, and says so to who comes late', async () => {
    const { id } = await house.proposed()
    await updateChange(house.records, id, (change) => ({
      ...change,
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    }))
    await house.press(id, 'approve', 'U_SECOND')
    expect(house.board.told.at(-1)).toMatchObject([
      'privately',
      'U_SECOND',
      { why: expect.stringContaining('expired') as string },
    ])
    expect(await house.now(id)).toMatchObject({ state: 'expired' })
    expect(house.writes).toEqual([])
  })

  describe('edited', () => {
    const edited = async (change: ChangeRecord, user: string): Promise<RunRecord> => {
      const run = await createRun(house.records, {
        request: {
          kind: 'propose',
          text: 'catalog',
          namespace: 'istioinaction',
          change: change.id,
          edited: editableText(change)!.replace('version: v1', 'version: v1 # as the pods say'),
        } satisfies RunRequest,
        asker: { user },
        channel: 'C_MESH',
        thread: '1795482395.439000',
      })
      await house.work.process({ run: run.id, kind: 'propose' }, NEVER)
      return (await readRun(house.records, run.id))!
    }

    it.each(['U_VISITOR', 'U_NOBODY'])('by %s, who may not reject, stays as it is', async (user) => {
      const change = await house.proposed()
      expect(await edited(change, user)).toMatchObject({ outcome: { verdict: 'refused' } })
      expect(await house.now(change.id)).toMatchObject({ state: 'proposed' })
    })

    it('by who may reject has another in its place, and what was typed is kept there alone', async () => {
      const change = await house.proposed()
      const run = await edited(change, 'U_SECOND')
      expect(run).toMatchObject({ outcome: { verdict: 'proposed' } })
      expect(run.request).not.toHaveProperty('edited')
      expect(await house.now(change.id)).toMatchObject({ state: 'superseded', successor: run.id })
    })

    it('when it was decided meanwhile is refused', async () => {
      const change = await house.proposed()
      await house.press(change.id, 'reject', 'U_SECOND')
      expect(await edited(change, 'U_SECOND')).toMatchObject({ outcome: { verdict: 'refused' } })
    })
  })

  describe('at its end', () => {
    const swept = (): Promise<void> =>
      sweepChanges({ records: house.records, board: house.board, log: rememberingLog().log })

    it.each(['reject', 'approve'] as const)('keeps no contents of what it wrote, by %s', async (verb) => {
      const { id } = await house.proposed()
      await swept()
      expect((await house.now(id)).writes[0]).toMatchObject({ manifest: expect.stringContaining('subsets') as string })
      await house.press(id, verb, 'U_SECOND')
      if (verb === 'approve') await house.press(id, 'undo', 'U_THIRD')
      await swept()
      const { writes, inverse, diff, emptiedAt } = await house.now(id)
      expect(writes).toMatchObject([{ verb: 'apply', manifest: '' }])
      expect({ inverse, isEmptied: emptiedAt !== undefined }).toEqual({ inverse: undefined, isEmptied: true })
      expect(diff).toContain('subsets')
    })

    it('is kept for a week to be undone, and not longer', async () => {
      const { id } = await house.proposed()
      await house.press(id, 'approve', 'U_SECOND')
      await swept()
      expect((await house.now(id)).inverse).toHaveLength(1)
      await updateChange(house.records, id, (change) => ({
        ...change,
        appliedAt: new Date(Date.now() - 8 * 24 * 3600_000).toISOString(),
      }))
      await swept()
      expect((await house.now(id)).inverse).toBeUndefined()
      await house.press(id, 'undo', 'U_THIRD')
      expect(house.board.told.at(-1)).toMatchObject([
        'privately',
        'U_THIRD',
        { why: expect.stringContaining('cannot be undone any more') as string },
      ])
    })
  })

  it('loses its buttons when its time is over and nobody comes', async () => {
    const { id } = await house.proposed()
    await sweepChanges({ records: house.records, board: house.board, log: rememberingLog().log })
    expect(await house.now(id)).toMatchObject({ state: 'proposed' })
    await updateChange(house.records, id, (change) => ({
      ...change,
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    }))
    await sweepChanges({ records: house.records, board: house.board, log: rememberingLog().log })
    expect(house.board.said).toEqual(['proposal expired'])
  })

  it('loses its buttons beside a change that cannot be read, which is named', async () => {
    const { id } = await house.proposed()
    await updateChange(house.records, id, (change) => ({
      ...change,
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    }))
    await house.records.write('changes', 'newer', { id: 'newer', state: 'something-new' })
    const { log, logged } = rememberingLog()
    await sweepChanges({ records: house.records, board: house.board, log })
    await house.records.remove('changes', 'newer')
    expect(house.board.said).toEqual(['proposal expired'])
    expect(JSON.stringify(logged)).toContain('newer')
  })

  it('is rejected with a reason, and then not approved', async () => {
    const { id } = await house.proposed()
    await house.press(id, 'reject', 'U_SECOND', 'not during the freeze')
    expect(await house.now(id)).toMatchObject({ state: 'rejected', decided: { reason: 'not during the freeze' } })
    await house.press(id, 'approve', 'U_THIRD')
    expect(house.board.told.at(-1)).toMatchObject([
      'privately',
      'U_THIRD',
      { why: expect.stringMatching(/^It was rejected by <@U_SECOND>/) as string },
    ])
    expect(house.writes).toEqual([])
  })
})

describe('a fix that does not go as it should', () => {
  const refusing =
    (refused: (args: readonly string[]) => boolean) =>
    (real: Clients): Clients => ({
      ...real,
      istioctl: {
        run: (args, signal) =>
          refused(args)
            ? Promise.reject(new UnseenError('forbidden', 'httproutes.gateway.networking.k8s.io is forbidden'))
            : real.istioctl.run(args, signal),
      },
    })

  it('is proved by the proxies and by traffic where the analyzers may not look, which is said', async () => {
    const house = bench({ clients: refusing(([command]) => command === 'analyze') })
    const { id, notes } = await house.proposed()
    expect(notes).toEqual([expect.stringContaining('istioctl analyze could not check the changed configuration')])
    await house.press(id, 'approve', 'U_SECOND')
    const { state, proof } = await house.now(id)
    expect({ state, proof }).toMatchObject({
      state: 'proved',
      proof: { outcome: 'gone', after: { traffic: { requests: 10, failed: 0 } } },
    })
    expect(proof?.says).toMatch(/10 of 10 requests succeeded\. Not read: analyzer-messages\.$/)
  })

  it('is not proved where the analyzers and a part of the proxies could not be read', async () => {
    let written = false
    const house = bench({
      clients: refusing(([command, what]) => command === 'analyze' || (written && what === 'endpoints')),
      writer: (real) => ({
        write: (...args) => {
          written = true
          return real.write(...args)
        },
      }),
    })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({
      proof: {
        outcome: 'unclear',
        says: expect.stringMatching(/not everything could be seen: endpoints\.$/) as string,
      },
    })
  })

  it("tells the API server's own words when the approver has no rights", async () => {
    const house = bench({
      writer: () => ({
        write: () =>
          Promise.reject(
            new WriteError(
              'forbidden',
              'destinationrules.networking.istio.io is forbidden: User "u_second@example.com" cannot patch resource',
            ),
          ),
      }),
    })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('cannot patch resource') as string,
    })
    expect(await house.events()).toEqual(['fix-proposed', 'fix-approved', 'fix-failed'])
  })

  it('is proposed again when the object has moved', async () => {
    const house = bench({
      writer: () => ({
        write: () => Promise.reject(new WriteError('moved', 'DestinationRule istioinaction/catalog has changed since')),
      }),
    })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({ state: 'superseded' })
    expect(house.enqueued.map(({ kind }) => kind)).toEqual(['propose'])
    await house.work.process(house.enqueued[0]!, NEVER)
    expect(await house.now(house.enqueued[0]!.run)).toMatchObject({
      state: 'proposed',
      requester: { user: 'U_ONCALL' },
    })
    expect(await house.now(id)).toMatchObject({ successor: house.enqueued[0]!.run })
  })

  it('is tried again when the API server does not answer, and written once', async () => {
    let times = 0
    const house = bench({
      writer: (real) => ({
        write: (...args) =>
          (times += 1) === 1
            ? Promise.reject(new WriteError('unavailable', 'the API server could not be reached', { sent: true }))
            : real.write(...args),
      }),
    })
    const { id } = await house.proposed()
    await expect(house.press(id, 'approve', 'U_SECOND')).rejects.toThrow('could not be reached')
    expect(await house.now(id)).toMatchObject({ state: 'applying' })
    const run = (await listRuns(house.records)).at(-1)!
    await house.work.process({ run: run.id, kind: 'decide' }, NEVER)
    expect(house.writes).toHaveLength(1)
    expect(await house.now(id)).toMatchObject({ state: 'proved' })
    expect(await house.events()).toEqual(['fix-proposed', 'fix-approved', 'fix-applied', 'fix-verified'])
  })

  it('is said to be unknown when the API server never comes back', async () => {
    const house = bench({
      writer: () => ({
        write: () =>
          Promise.reject(new WriteError('unavailable', 'the API server could not be reached', { sent: true })),
      }),
    })
    const { id } = await house.proposed()
    await expect(house.press(id, 'approve', 'U_SECOND')).rejects.toThrow()
    const run = (await listRuns(house.records)).at(-1)!
    await house.work.gaveUp({ run: run.id, kind: 'decide' }, new Error('the API server could not be reached'))
    expect(await house.now(id)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('not known') as string,
    })
    expect(await readRun(house.records, run.id)).toMatchObject({ state: 'failed' })
  })

  it('is still there when the mesh is as it was', async () => {
    const house = bench({ mended: ILL })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({ state: 'proved', proof: { outcome: 'still there' } })
  })

  it('is undone by itself when a proxy refuses configuration since', async () => {
    const rejected = parseRecording(
      readFileSync(join(SCENARIOS, 'rejected-envoyfilter', 'ill', 'recording.json'), 'utf8'),
    )
    const house = bench({ mended: rejected })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({
      state: 'undone',
      proof: { outcome: 'worse' },
      undo: { user: 'mesh-medic', as: { user: 'u_second@example.com' } },
    })
    expect(house.writes).toEqual([
      'apply DestinationRule catalog as u_second@example.com',
      'undo delete DestinationRule catalog as u_second@example.com',
    ])
    expect(await house.events()).toEqual(['fix-proposed', 'fix-approved', 'fix-applied', 'fix-verified', 'fix-undone'])
  })

  it('is not undone over what somebody else has changed since', async () => {
    const house = bench({
      writer: (real) => ({
        write: (permit, ...rest) =>
          permit.undoes === true
            ? Promise.reject(new WriteError('moved', 'somebody has changed it'))
            : real.write(permit, ...rest),
      }),
    })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    await house.press(id, 'undo', 'U_THIRD')
    expect(await house.now(id)).toMatchObject({
      state: 'proved',
      undo: { state: 'failed', says: 'somebody has changed it' },
    })
  })

  it('is undone by another press when what refused it is gone', async () => {
    let refusals = 1
    const house = bench({
      writer: (real) => ({
        write: (permit, ...rest) =>
          permit.undoes === true && (refusals -= 1) >= 0
            ? Promise.reject(new WriteError('refused', 'a webhook does not answer'))
            : real.write(permit, ...rest),
      }),
    })
    const { id } = await house.proposed()
    await house.press(id, 'approve', 'U_SECOND')
    await house.press(id, 'undo', 'U_THIRD')
    expect(await house.now(id)).toMatchObject({ undo: { state: 'failed', says: 'a webhook does not answer' } })
    await house.press(id, 'undo', 'U_SECOND')
    expect(await house.now(id)).toMatchObject({ state: 'undone', undo: { state: 'undone', user: 'U_SECOND' } })
    await house.press(id, 'undo', 'U_SECOND')
    expect((await house.events()).filter((event) => event === 'fix-undone')).toHaveLength(1)
  })
})
