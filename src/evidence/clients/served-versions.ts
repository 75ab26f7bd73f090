import type { ServedGroup, ServedResources } from '../answers.ts'
import { answered } from './answered.ts'
import type { Resource } from './clients.ts'

/** One GET of the API server's discovery: its answer's JSON, `absent` when it does not serve that, undefined when it can't be told. */
export type Discover = (path: string) => Promise<Record<string, unknown> | 'absent' | undefined>

/** Milliseconds for which discovery is believed: definitions are installed and upgraded while a bot runs. */
const BELIEVED = 60_000

/** Plurals by version, in the order of the API server's own preference; undefined where discovery is refused or fails. */
type Served = readonly { version: string; plurals: ReadonlySet<string> }[] | undefined

/** Which version of a resource the API server serves; of each group asked once, however many resources of it are read. */
export class ServedVersions {
  private readonly discover: Discover
  private readonly groups = new Map<string, { askedAt: number; served: Promise<Served> }>()

  constructor(discover: Discover) {
    this.discover = discover
  }

  /** The version to read; undefined when the resource is not served at all, the resource's own where discovery tells nothing. */
  async of({ group, plural, version }: Resource): Promise<string | undefined> {
    const served = await this.group(group)
    return served === undefined ? version : served.find(({ plurals }) => plurals.has(plural))?.version
  }

  private group(name: string): Promise<Served> {
    const known = this.groups.get(name)
    if (known !== undefined && Date.now() - known.askedAt < BELIEVED) return known.served
    const served = this.ask(name).catch((error: unknown) => {
      this.groups.delete(name)
      throw error
    })
    this.groups.set(name, { askedAt: Date.now(), served })
    return served
  }

  private async ask(group: string): Promise<Served> {
    const about = await this.discover(`/apis/${group}`)
    if (about === undefined) return undefined
    if (about === 'absent') return []
    const versions = (answered('versions of an API group', about as ServedGroup).versions ?? []).map(
      ({ version }) => version,
    )
    const lists = await Promise.all(versions.map((version) => this.discover(`/apis/${group}/${version}`)))
    if (lists.includes(undefined)) return undefined
    return lists.flatMap((list, at) => {
      if (list === undefined || list === 'absent') return []
      const { resources = [] } = answered('resources of a version', list as ServedResources)
      return [{ version: versions[at] ?? '', plurals: new Set(resources.map(({ name }) => name)) }]
    })
  }
}
