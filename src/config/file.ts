import { z } from 'zod'

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
const users = z.array(z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'must be a Slack user id like U0123456789'))
const groups = z.array(z.string().regex(/^S[A-Z0-9]{2,}$/, 'must be a Slack user group id like S0123456789'))
const members = z.strictObject({
  users: users.optional().describe('Slack user ids.'),
  groups: groups.optional().describe('Slack user group ids.'),
})

const Cluster = z.strictObject({
  kubeconfig: z.string().min(1).optional().describe('Path of its kubeconfig. Default: KUBECONFIG.'),
  context: z.string().min(1).optional().describe("Context within the kubeconfig. Default: the kubeconfig's current one."),
  prometheus: url.optional().describe('Its Prometheus. Default: PROMETHEUS_URL.'),
})

const Channel = z.strictObject({
  cluster: z.string().optional().describe('The cluster asked about in this channel. Checked, not used yet.'),
  roles: z.strictObject({
    viewer: members.optional().describe('May ask. Checked, not used yet.'),
    operator: members.optional().describe('May propose changes. Checked, not used yet.'),
    approver: members.optional().describe('May approve changes. Checked, not used yet.'),
  }).optional(),
})

/** The configuration file. */
export const ConfigFile = z.strictObject({
  cluster: z.string().optional().describe('Which of the clusters the bot looks at; needed when there are several.'),
  clusters: z.record(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a name of a-z, 0-9 and hyphens'), Cluster).optional().describe('Clusters by a name of your choice.'),
  channels: z.record(z.string().regex(/^[CG][A-Z0-9]{2,}$/, 'must be a Slack channel id like C0123456789'), Channel).optional().describe('Slack channels by their id.'),
  limits: z.strictObject({
    stepTimeout: z.number().positive().max(600).optional().describe('Seconds one look may take. Default 20.'),
    concurrency: z.int().min(1).max(64).optional().describe('Looks under way at once in one diagnosis. Default 6.'),
    jobs: z.int().min(0).max(64).optional().describe('Diagnoses under way at once in one process. Default 4; 0 when other processes work.'),
  }).optional(),
  docsUrl: url.optional().describe('Where findings are explained; links in messages begin with it.'),
})
export type ConfigFile = z.output<typeof ConfigFile>
export type ClusterConfig = z.output<typeof Cluster>
