import { parseTarget } from '../../mesh/target-query.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { RunRequest } from '../../capabilities/index.ts'
import {
  changeIncident,
  changeSubject,
  keepPast,
  readSubject,
  type Incident,
  type IncidentNews,
  type IncidentSubject,
} from '../../store/incidents.ts'
import { isFinished, readRun } from '../../store/runs.ts'
import { BOT } from '../blocks/running.ts'
import { incidentDigest, incidentFrame, mergedMessage, newsMessage, undiagnosedMessage } from '../blocks/incident.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { SlackDeps } from '../deps.ts'
import { requestFor } from '../thread/ask-diagnosis.ts'
import { Posts, type Place } from '../thread/posts.ts'
import { startUnasked } from '../thread/start-run.ts'
import { ChannelClosedError, MessageGoneError } from '../transport/slack-trouble.ts'
import { baseOf, confirmShown } from './frame.ts'
import { incidentTs, threadLinkOf } from './thread-link.ts'
import { endOf } from './what-ended.ts'

/** How often the message of an incident may change. */
export interface IncidentTimes {
  /** Milliseconds between two edits of an incident's message, and between two replies. Default 45 000. */
  editEvery: number
  /** Milliseconds after its end in which an incident may go on. Default 15 min. */
  keepOpen: number
  /** Milliseconds after a diagnosis that could not look in which the next one begins while alerts still fire; twice as long each time. Default 1 min. */
  lookAgain: number
}

const TIMES: IncidentTimes = { editEvery: 45_000, keepOpen: 15 * 60_000, lookAgain: 60_000 }
/** How often it is looked again: after 1, 3, 7, 15 and 31 min. */
const MOST_LOOKS = 5
/** Milliseconds before Slack is tried again after it did not take something. */
const TRY_AGAIN = 15_000

/** An incident and the subject that it is stored with. */
interface Stored {
  subject: string
  incident: Incident
}

/**
 * Brings what Slack shows of incidents to what is stored of them: what there is to do follows from the records alone, so that any process goes on with it. A message is
 * posted once, whichever processes try; an edit is made at most every 45 s.
 */
export class IncidentKeeper {
  private readonly deps: SlackDeps
  private readonly posts: Posts
  private readonly times: IncidentTimes
  private readonly settling = new Map<string, Promise<void>>()
  /** Subjects that changed while they were settled. */
  private readonly again = new Set<string>()
  private readonly later = new Map<string, number>()
  private isStopped = false

  constructor(deps: SlackDeps, times: Partial<IncidentTimes> = {}) {
    this.deps = deps
    this.posts = new Posts(deps)
    this.times = { ...TIMES, ...defined(times) }
  }

  /** Does what is to be done for a subject, soon. Never rejects. */
  settle(subject: string): void {
    if (this.isStopped) return
    if (this.settling.has(subject)) {
      this.again.add(subject)
      return
    }
    this.settling.set(
      subject,
      this.whole(subject).finally(() => this.settling.delete(subject)),
    )
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await Promise.all(this.settling.values())
  }

  /** Whether there is anything to do for a subject now. */
  isDue(subject: IncidentSubject): boolean {
    if (Date.now() < (this.later.get(subject.id) ?? 0)) return false
    return subject.incidents.length === 0
      ? this.isForgotten(subject)
      : subject.incidents.some((one) => this.toDo(one) !== undefined)
  }

  private isForgotten({ touchedAt }: IncidentSubject): boolean {
    return Date.now() - Date.parse(touchedAt) > this.times.keepOpen
  }

  private toDo(incident: Incident): 'begin' | 'end' | 'tell' | 'edit' | 'look' | 'archive' | undefined {
    const { shown, news, state, silence, ended, resolvedAt, mergedInto } = incident
    // A process may have ended between the diagnosis and the note of it.
    if (shown === undefined || (isDiagnosed(incident) && incident.run === undefined && incident.untold !== true))
      return 'begin'
    if (state === 'resolved' && ended === undefined) return 'end'
    const isQuiet = silence !== undefined && Date.parse(silence.until) > Date.now() && state === 'open'
    const isFree = Date.now() - Date.parse(shown.at) >= this.times.editEvery
    if (isFree && shown.digest !== incidentDigest(incident) && !(isQuiet && shown.digest !== '')) return 'edit'
    if (news.length > 0 && !isQuiet && this.mayTell(news)) return 'tell'
    if (this.mayLook(incident)) return 'look'
    const isOver =
      mergedInto !== undefined ||
      (state === 'resolved' && Date.now() - Date.parse(resolvedAt ?? '') > this.times.keepOpen)
    return isOver && shown.digest === incidentDigest(incident) && news.length === 0 ? 'archive' : undefined
  }

  /** What could not be looked at may be there a minute later: a namespace that is made anew, a cluster that was away. */
  private mayLook({ state, run, verdict, untold, looks = 0, lookedAt, createdAt }: Incident): boolean {
    if (state !== 'open' || run === undefined || verdict !== undefined || untold === true) return false
    return looks < MOST_LOOKS && Date.now() - Date.parse(lookedAt ?? createdAt) >= this.times.lookAgain * 2 ** looks
  }

  /** News wait as long as an edit does, so that those of a burst are one reply. */
  private mayTell(news: readonly IncidentNews[]): boolean {
    const [first] = news
    return first !== undefined && Date.now() - Date.parse(first.at) >= Math.min(this.times.editEvery, 10_000)
  }

  private async whole(subject: string): Promise<void> {
    do {
      this.again.delete(subject)
      try {
        const stored = await readSubject(this.deps.records, subject)
        if (stored === undefined) return
        for (const incident of stored.incidents) await this.one({ subject, incident })
        if (stored.incidents.length === 0 && this.isForgotten(stored))
          await changeSubject(this.deps.records, subject, (now) =>
            now.incidents.length === 0 ? { ...now, ended: {} } : undefined,
          )
        this.later.delete(subject)
      } catch (err) {
        this.later.set(subject, Date.now() + TRY_AGAIN)
        this.deps.log.warn({ err, subject }, 'an incident could not be told; it is tried again')
        return
      }
    } while (this.again.has(subject))
  }

  private async one(stored: Stored): Promise<void> {
    for (let [now, step]: [Stored, number] = [stored, 0]; step < 6; step += 1) {
      const todo = this.toDo(now.incident)
      if (todo === undefined) return
      await this[todo](now)
      const incident = (await readSubject(this.deps.records, now.subject))?.incidents.find(
        ({ id }) => id === now.incident.id,
      )
      if (incident === undefined) return
      now = { subject: now.subject, incident }
    }
  }

  private async begin(stored: Stored): Promise<void> {
    const { incident } = stored
    try {
      await (isDiagnosed(incident) ? this.diagnose(stored) : this.post(stored))
    } catch (error) {
      if (!(error instanceof ChannelClosedError)) throw error
      this.deps.log.error(
        { err: error, channel: incident.channel },
        'an incident cannot be told: the channel takes no messages',
      )
      await changeIncident(this.deps.records, { subject: stored.subject, id: incident.id }, (now) => ({
        ...now,
        untold: true,
        shown: { digest: incidentDigest(incident), at: new Date().toISOString() },
      }))
    }
  }

  private async diagnose(stored: Stored): Promise<void> {
    const { subject, incident } = stored
    const run = await startUnasked(this.deps, `incident:${incident.id}`, {
      request: await this.requestOf(stored),
      asker: { user: BOT },
      channel: incident.channel,
    })
    await changeIncident(this.deps.records, { subject, id: incident.id }, (now) => ({
      ...now,
      run: run.id,
      shown: now.shown ?? { digest: incidentDigest(now), at: new Date().toISOString() },
    }))
  }

  /** Looks again where the diagnosis ended without a verdict. */
  private async look(stored: Stored): Promise<void> {
    const { subject, incident } = stored
    const { run: id, looks = 0 } = incident
    const claim = { isOurs: false }
    await changeIncident(this.deps.records, { subject, id: incident.id }, (now) => {
      claim.isOurs = this.mayLook(now) && (now.looks ?? 0) === looks
      return claim.isOurs ? { ...now, looks: looks + 1, lookedAt: new Date().toISOString() } : undefined
    })
    const run = claim.isOurs && id !== undefined ? await readRun(this.deps.records, id) : undefined
    const thread = await incidentTs(this.deps, incident)
    // A person who cancelled it does not want it.
    if (run === undefined || thread === undefined || !isFinished(run) || run.state === 'cancelled') return
    await this.diagnoseAgain(stored, `look-${looks + 1}`, thread)
  }

  /** Looks again, in the thread, after what may have another cause; that it has is news then. */
  private async diagnoseAgain(stored: Stored, after: string, thread: string): Promise<void> {
    const { incident } = stored
    if (incident.run === undefined) return
    await startUnasked(this.deps, `incident:${incident.id}:${after}`, {
      request: await this.requestOf(stored),
      asker: { user: BOT },
      channel: incident.channel,
      thread,
    })
  }

  /** A diagnosis of the incident's target; where that cannot be looked up, the diagnosis says why. */
  private async requestOf({ subject, incident }: Stored): Promise<RunRequest> {
    const { text = '', namespace } = incident.target ?? {}
    const asked = { text, ...defined({ namespace }) }
    const about = { incident: { subject, id: incident.id } }
    try {
      return { ...requestFor(asked, await this.deps.directory.target(parseTarget(text, namespace))), ...about }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return { kind: 'diagnose', ...asked, ...about }
    }
  }

  private async post(stored: Stored): Promise<void> {
    const { incident } = stored
    await this.posts.message(
      incident.id,
      'parent',
      this.placeOf(incident),
      incidentFrame(undiagnosedMessage(incident), incident),
    )
    await this.noteShown(stored, incidentDigest(incident))
  }

  private async noteShown({ subject, incident }: Stored, digest: string): Promise<void> {
    await changeIncident(this.deps.records, { subject, id: incident.id }, (now) => ({
      ...now,
      shown: { digest, at: new Date().toISOString() },
    }))
  }

  private async end({ subject, incident }: Stored): Promise<void> {
    const ended = await endOf(this.deps, incident)
    await changeIncident(this.deps.records, { subject, id: incident.id }, (now) =>
      now.state === 'resolved' ? { ...now, ended } : undefined,
    )
  }

  /** Edits the message. It is marked before, so that of several processes one does it, and as what it shows after. */
  private async edit(stored: Stored): Promise<void> {
    const { subject, incident } = stored
    const claim = { isOurs: false }
    const at = new Date().toISOString()
    const claimed = await changeIncident(this.deps.records, { subject, id: incident.id }, (now) => {
      claim.isOurs = now.shown?.at === incident.shown?.at && now.shown?.digest === incident.shown?.digest
      return claim.isOurs ? { ...now, shown: { digest: '', at } } : undefined
    })
    if (!claim.isOurs || claimed === undefined) return
    const ts = await incidentTs(this.deps, claimed)
    const message = await this.messageOf({ subject, incident: claimed })
    // Its message is not there yet: then it is edited later.
    if (ts === undefined || message === undefined) return
    try {
      await this.posts.update(claimed.channel, ts, message)
    } catch (error) {
      if (!(error instanceof MessageGoneError || error instanceof ChannelClosedError)) throw error
      this.deps.log.warn({ err: error, incident: claimed.id }, 'the message of an incident is gone')
    }
    await confirmShown(this.deps.records, { subject, id: incident.id }, { digest: incidentDigest(claimed), at })
  }

  private async messageOf({ subject, incident }: Stored): Promise<SlackMessage | undefined> {
    if (incident.mergedInto !== undefined) return mergedMessage(incident, await this.linkTo(subject, incident))
    if (incident.run === undefined) return incidentFrame(undiagnosedMessage(incident), incident)
    const base = await baseOf(this.deps.records, incident.run)
    return base === undefined ? undefined : incidentFrame(base, incident)
  }

  private async linkTo(subject: string, { mergedInto }: Incident): Promise<string | undefined> {
    const other = (await readSubject(this.deps.records, subject))?.incidents.find(({ id }) => id === mergedInto)
    return other === undefined ? undefined : threadLinkOf(this.deps, other)
  }

  private async tell({ subject, incident }: Stored): Promise<void> {
    const frozen = await changeIncident(this.deps.records, { subject, id: incident.id }, (now) =>
      now.told === incident.told && now.telling === undefined ? { ...now, telling: now.news.length } : undefined,
    )
    if (frozen?.told !== incident.told) return
    const part = `news-${incident.told + 1}`
    const news = frozen.news.slice(0, frozen.telling)
    const thread = await incidentTs(this.deps, incident)
    if (thread !== undefined)
      try {
        await this.posts.message(
          incident.run ?? incident.id,
          part,
          { ...this.placeOf(incident), thread },
          newsMessage(news),
        )
      } catch (error) {
        if (!(error instanceof MessageGoneError || error instanceof ChannelClosedError)) throw error
        this.deps.log.warn({ err: error, incident: incident.id }, 'the thread of an incident is gone')
      }
    if (thread !== undefined && news.some(({ again, worse }) => again === true || worse !== undefined))
      await this.diagnoseAgain({ subject, incident }, part, thread)
    await changeIncident(this.deps.records, { subject, id: incident.id }, (now) =>
      now.told === incident.told ? told(now, news.length) : undefined,
    )
  }

  private async archive({ subject, incident }: Stored): Promise<void> {
    await keepPast(this.deps.records, incident)
    await changeSubject(this.deps.records, subject, (now) => ({
      ...now,
      incidents: now.incidents.filter(({ id }) => id !== incident.id),
    }))
  }

  private placeOf({ channel, createdAt }: Incident): Place {
    return { channel, since: (Date.parse(createdAt) / 1000 - 60).toFixed(6) }
  }
}

/** An incident whose first news were told. */
function told({ telling: _telling, ...incident }: Incident, count: number): Incident {
  return { ...incident, told: incident.told + 1, news: incident.news.slice(count) }
}

/** Whether an incident has something that can be diagnosed. */
const isDiagnosed = ({ target, elsewhere }: Incident): boolean => target !== undefined && elsewhere === undefined
