import { z } from 'zod'
import { whyNoName } from '../fixes/identity.ts'
import { PLACEHOLDERS, unknownPlaceholders } from '../report/links.ts'
import { hasCredentials } from './has-credentials.ts'

const WITHOUT_CREDENTIALS = 'must hold no name and no password'
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
/** An address that messages and errors show. */
const shownUrl = url.refine((address) => !URL.canParse(address) || !hasCredentials(address), WITHOUT_CREDENTIALS)
const linkTemplate = z.string().superRefine((template, context) => {
  const unknown = unknownPlaceholders(template)
  if (unknown.length > 0)
    context.addIssue({
      code: 'custom',
      message: `{${unknown[0] ?? ''}} is not known; known are ${PLACEHOLDERS.map((one) => `{${one}}`).join(', ')}`,
    })
  else {
    const { error } = shownUrl.safeParse(template.replace(/\{\w+\}/g, 'x'))
    if (error !== undefined) context.addIssue({ code: 'custom', message: error.issues[0]?.message })
  }
})
const users = z.array(z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'must be a Slack user id like U0123456789'))
const groups = z.array(z.string().regex(/^S[A-Z0-9]{2,}$/, 'must be a Slack user group id like S0123456789'))
const members = z.strictObject({
  users: users.optional().describe('Slack user ids.'),
  groups: groups.optional().describe('Slack user group ids.'),
})

const file = z.string().min(1)
const PrometheusFiles = z.strictObject({
  username: z.string().min(1).optional().describe('Name for basic authentication.'),
  passwordFile: file.optional().describe('File with the password, read anew for each question.'),
  tokenFile: file.optional().describe('File with a bearer token, read anew for each question.'),
  caFile: file
    .optional()
    .describe('File with the certificates (PEM) of the CA that it is trusted by. Default: those that Node trusts.'),
  certFile: file.optional().describe('File with the client certificate (PEM) that it is shown.'),
  keyFile: file.optional().describe('File with the key of that certificate (PEM).'),
})

const Cluster = z.strictObject({
  kubeconfig: z.string().min(1).optional().describe('Path of its kubeconfig. Default: KUBECONFIG.'),
  context: z
    .string()
    .min(1)
    .optional()
    .describe("Context within the kubeconfig. Default: the kubeconfig's current one."),
  prometheus: url.optional().describe('Its Prometheus. Default: PROMETHEUS_URL.'),
  prometheusAccess: PrometheusFiles.optional().describe(
    'How its own Prometheus is asked; the credentials of PROMETHEUS_URL are not sent to it.',
  ),
  kiali: shownUrl.optional().describe('Its Kiali, with the web root. Default: KIALI_URL.'),
  kialiTokenFile: file
    .optional()
    .describe(
      'File with the bearer token for its own Kiali, read anew for each question; that of KIALI_URL is not sent to it.',
    ),
  alertNames: z
    .array(z.string().min(1))
    .optional()
    .describe("What alerts call it in their label `cluster`. Default: the cluster's name here."),
})

const Roles = z.strictObject({
  viewer: members.optional().describe('May ask, and may propose changes. Default: everybody in the channel.'),
  operator: members
    .optional()
    .describe(
      'May also make temporary changes (raise log levels, turn on access logs), and have requests sent (`--probe`). Default: nobody.',
    ),
  approver: members.optional().describe('May also approve permanent changes, and undo them. Default: nobody.'),
})

const names = z.array(z.string().min(1).max(253)).min(1)
const ChannelAlerts = z.strictObject({
  namespaces: names.optional().describe('Only those about these namespaces.'),
  receivers: names
    .optional()
    .describe("Only those of these receivers of Alertmanager or Grafana, or PagerDuty's services."),
  clusters: names.optional().describe('Only those about these clusters.'),
})

const Channel = z.strictObject({
  cluster: z.string().optional().describe('The cluster that this channel asks about. Checked, not used yet.'),
  alerts: ChannelAlerts.optional().describe(
    'Alerts are told here; the channel that says most precisely which it takes gets them. Empty (`{}`): all that no other channel takes.',
  ),
  roles: Roles.optional(),
  captures: z
    .boolean()
    .optional()
    .describe(
      'True lets captures of packets be posted as files: headers, and payload where two people have approved it. Default false: they are explained alone.',
    ),
  fourEyes: z
    .boolean()
    .optional()
    .describe(
      'If false, people may approve what they asked for themselves, and an operator who asks for a capture of headers has approved it. Default true.',
    ),
})

// Whoever may name system:masters here could do anything in the cluster.
const kubernetesName = z
  .string()
  .min(1)
  .max(253)
  .superRefine((name, context) => {
    const why = whyNoName(name)
    if (why !== undefined) context.addIssue({ code: 'custom', message: why })
  })
const identity = z.strictObject({
  user: kubernetesName.describe('User name in Kubernetes.'),
  groups: z.array(kubernetesName).optional().describe('Groups in Kubernetes.'),
})

const Identities = z.strictObject({
  users: z
    .record(z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'must be a Slack user id like U0123456789'), identity)
    .optional()
    .describe('Slack user ids, each with its Kubernetes user and groups.'),
  groups: z
    .record(
      z.string().regex(/^S[A-Z0-9]{2,}$/, 'must be a Slack user group id like S0123456789'),
      z.array(kubernetesName),
    )
    .optional()
    .describe('Slack user group ids, each with the Kubernetes groups its members get in addition to their own.'),
})

const Changes = z.strictObject({
  approvalMinutes: z
    .number()
    .positive()
    .max(24 * 60)
    .optional()
    .describe('Minutes a proposed change waits for its approval. Default 30.'),
  proofSeconds: z
    .number()
    .positive()
    .max(600)
    .optional()
    .describe('Seconds after a change within which it is proved. Default 30.'),
  gitops: z
    .enum(['patch', 'apply'])
    .optional()
    .describe(
      'Objects that Argo CD, Flux or Helm own: `patch` offers a patch for the repository only, `apply` allows changing them anyway. Default patch.',
    ),
  rehearseAs: identity
    .optional()
    .describe(
      'The Kubernetes user for dry runs before anybody has approved. Default: user mesh-medic:rehearsal, of deploy/manifests/writer.yaml.',
    ),
})

const Capture = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[\w./:@-]+$/, 'must be the name of an image')
      .describe(
        'Image with tcpdump, sh, timeout and head, and nsenter for restricted namespaces; pinned by its digest (`NAME@sha256:…`) unless it is never pulled.',
      ),
    pullPolicy: z
      .enum(['IfNotPresent', 'Always', 'Never'])
      .optional()
      .describe('When the image is pulled. Default IfNotPresent.'),
    namespace: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be the name of a namespace')
      .optional()
      .describe(
        'Privileged namespace of its own, where a pod is made for a capture that the namespace of the target does not admit. Default: none is made.',
      ),
  })
  .superRefine(({ image, pullPolicy }, context) => {
    if (pullPolicy !== 'Never' && !/@sha256:[0-9a-f]{64}$/.test(image))
      context.addIssue({
        code: 'custom',
        path: ['image'],
        message: 'must be pinned by its digest: NAME@sha256:…',
      })
  })

const Access = z.strictObject({
  guests: z.boolean().optional().describe('True lets guests of the workspace ask. Default false.'),
  bots: z.boolean().optional().describe('True lets bot users ask. Default false.'),
  sharedChannels: z
    .boolean()
    .optional()
    .describe('True lets the bot answer in channels that another organisation shares (Slack Connect). Default false.'),
  teams: z
    .array(z.string().regex(/^[TE][A-Z0-9]{2,}$/, 'must be a Slack workspace id like T0123456789'))
    .optional()
    .describe('Ids of other workspaces whose people may ask. Default: none.'),
})

const Mapping = z.strictObject({
  alertname: z.string().min(1).optional().describe('Alerts of this name.'),
  receiver: z.string().min(1).optional().describe('Alerts of this receiver, or of this service of PagerDuty.'),
  labels: z.record(z.string(), z.string()).optional().describe('Alerts with these labels.'),
  target: z
    .string()
    .min(1)
    .max(500)
    .describe('Their target as for `/mesh diagnose`; `{{label}}` stands for the value of a label.'),
})

const Alerts = z.strictObject({
  mapping: z
    .array(Mapping)
    .max(500)
    .optional()
    .describe('Targets of alerts whose labels do not tell them; the first that fits counts, before all labels.'),
  ownerLabels: z
    .array(z.string().min(1))
    .optional()
    .describe('Labels of alerts that say who owns a workload, best first. Default: owner, team.'),
})

/** The configuration file. */
export const ConfigFile = z.strictObject({
  cluster: z.string().optional().describe('The cluster that the bot reads; needed when there are several.'),
  clusters: z
    .record(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a name of a-z, 0-9 and hyphens'), Cluster)
    .optional()
    .describe('Clusters by a name of your choice.'),
  channels: z
    .record(z.string().regex(/^[CG][A-Z0-9]{2,}$/, 'must be a Slack channel id like C0123456789'), Channel)
    .optional()
    .describe('Slack channels by their id.'),
  unlisted: z
    .strictObject({ roles: Roles.optional() })
    .optional()
    .describe(
      'Roles in direct messages and in channels that are not listed. Default: everybody may ask there, and where some channel names its viewers, nobody.',
    ),
  administrators: members
    .optional()
    .describe(
      'See everything with `/mesh audit` and `/mesh leases` in a direct message with the bot. Default: nobody.',
    ),
  alerts: Alerts.optional().describe('How alerts of Alertmanager, Grafana and PagerDuty are understood.'),
  limits: z
    .strictObject({
      stepTimeout: z.number().positive().max(600).optional().describe('Seconds one read may take. Default 20.'),
      concurrency: z.int().min(1).max(64).optional().describe('Reads at the same time in one diagnosis. Default 6.'),
      jobs: z
        .int()
        .min(0)
        .max(64)
        .optional()
        .describe('Diagnoses at the same time in one process. Default 4; 0 when other processes do the work.'),
      memory: z
        .int()
        .min(64)
        .max(16384)
        .optional()
        .describe(
          'Megabytes of memory for everything that all diagnoses are reading from the mesh; what does not fit counts as not seen. Default 384, and 2048 for a command in a terminal.',
        ),
      commandsPerUser: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .describe(
          'Commands that one person may send within a minute, to all processes that share a store. Default 30.',
        ),
      commandsPerChannel: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .describe(
          'Commands that all people in one channel together may send within a minute, to all processes that share a store. Default 120.',
        ),
      leaseProxies: z
        .int()
        .min(1)
        .max(100)
        .optional()
        .describe('Proxies whose log levels one lease may raise. Default 5.'),
      leaseMinutes: z
        .number()
        .positive()
        .max(24 * 60)
        .optional()
        .describe('Minutes a lease may last. Default 15.'),
    })
    .optional(),
  ambient: z
    .strictObject({
      raiseZtunnelLevels: z
        .boolean()
        .optional()
        .describe(
          'True lets log levels of ztunnels be raised for a while. Each serves every workload of its node, and it was never tried on a real one. Default false.',
        ),
    })
    .optional()
    .describe('Ambient mode.'),
  capture: Capture.optional().describe('What packets are captured with. Default: none are captured.'),
  access: Access.optional().describe("Who may ask at all, besides members of the bot's own workspace."),
  identities: Identities.optional(),
  changes: Changes.optional(),
  links: z
    .record(z.string().min(1).max(60), linkTemplate)
    .optional()
    .describe(
      `Other tools that reports link to, by a name of your choice: addresses in which ${PLACEHOLDERS.map((one) => `\`{${one}}\``).join(', ')} stand for what a report is about.`,
    ),
  docsUrl: shownUrl.optional().describe('Base address of the pages that explain findings; messages link to it.'),
})
export type ConfigFile = z.output<typeof ConfigFile>
export type ClusterConfig = z.output<typeof Cluster>
export type AlertsConfig = z.output<typeof Alerts>
