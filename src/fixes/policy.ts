import type { CaptureImage } from './capture-pod.ts'
import type { Identity } from './identity.ts'

/** What a person may do in a channel; each includes those before it. viewer: ask; operator: temporary changes; approver: permanent ones. */
export const ROLES = ['viewer', 'operator', 'approver'] as const
export type Role = (typeof ROLES)[number]

/** Slack user ids and user group ids. */
export interface Members {
  users?: readonly string[] | undefined
  groups?: readonly string[] | undefined
}

/** Who may ask at all, beside members of the bot's own workspace in channels of its own. */
export interface AccessPolicy {
  /** Guests of the workspace. */
  guests: boolean
  /** Bot users. */
  bots: boolean
  /** In channels that another organisation shares (Slack Connect). */
  sharedChannels: boolean
  /** People of these workspaces. */
  teams: readonly string[]
}

/** Nobody but members. */
export const MEMBERS_ONLY: AccessPolicy = { guests: false, bots: false, sharedChannels: false, teams: [] }

/** Rules for changes, out of the configuration. */
export interface Policy {
  /** Who has which role in a channel. No viewers named: everybody may ask; of places that the configuration does not list, only while no channel names its viewers. No operators or approvers named: nobody is one. */
  roles(channel: string): Readonly<Partial<Record<Role, Members | undefined>>>
  /** True when the approver may not be the requester. */
  fourEyes(channel: string): boolean
  /** Who Kubernetes is told that a Slack user is; undefined when nobody said. `slackGroups` are the user groups they are in. */
  identity(user: string, slackGroups: readonly string[]): Identity | undefined
  /** Everybody who is known in Kubernetes. */
  people(): readonly Identity[]
  /** Slack user groups that `identity` or some channel's roles speak of. */
  slackGroups(): readonly string[]
  /** In whose name dry runs are made, before anybody has approved; deploy/manifests/writer.yaml lets the default one write nothing in earnest. */
  rehearseAs: Identity
  /** Seconds an approval may be waited for. */
  approvalSeconds: number
  /** What to do with objects that GitOps owns: only offer a patch, or apply all the same. */
  gitops: 'patch' | 'apply'
  /** Seconds after a change was written in which it is proved. */
  proofSeconds: number
  /** `ztunnels`: their log levels may be raised, which concerns every workload of a node. */
  leases: { proxies: number; minutes: number; ztunnels: boolean }
  /** True where captures may be posted as files. */
  postsCaptures(channel: string): boolean
  /** What packets are captured with, and where pods of our own for it are made; nothing is captured without an image. */
  captures: { image?: CaptureImage | undefined; namespace?: string | undefined }
  access: AccessPolicy
  /** Who sees everything, in a direct message. */
  administrators: Members
}

/** The policy of a bot that was told of nobody: everybody may ask, nobody may change anything. */
export const ASK_ONLY: Policy = {
  roles: () => ({}),
  fourEyes: () => true,
  identity: () => undefined,
  slackGroups: () => [],
  people: () => [],
  rehearseAs: { user: 'mesh-medic:rehearsal', groups: [] },
  approvalSeconds: 30 * 60,
  gitops: 'patch',
  proofSeconds: 30,
  leases: { proxies: 5, minutes: 15, ztunnels: false },
  postsCaptures: () => false,
  captures: {},
  access: MEMBERS_ONLY,
  administrators: {},
}
