import type { PrintedMessage } from '../mesh/analyzer.ts'
import type { Fields } from '../mesh/fields.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import type { DiscoveryStatus } from '../mesh/proxy-status.ts'
import type { EvidenceMap, ObjectEvidence } from './reading.ts'

/** Envoy's messages inside of answers, by their type. */
export type { PackedMessages } from '../mesh/walk/packed.ts'

/** Every group with its kinds. */
export interface Discovered {
  items?: {
    metadata?: { name?: string }
    versions?: {
      version?: string
      resources?: { resource?: string; responseKind?: { kind?: string }; verbs?: string[] }[]
    }[]
  }[]
}

/** The groups' names alone. */
export interface GroupList {
  groups?: { name?: string; preferredVersion?: { version?: string } }[]
}

/** The resources of one version of a group. */
export interface GroupResources {
  resources?: { name?: string; kind?: string; verbs?: string[] }[]
}

/** What the API server says of one group. */
export interface ServedGroup {
  versions?: { version: string }[]
}

/** What it says of one version of it. */
export interface ServedResources {
  resources?: { name: string }[]
}

/** One page of a list. */
export interface ListPage {
  items?: Record<string, unknown>[]
  metadata?: { continue?: string }
}

/** The answer to an instant query, or to one over a time. */
export interface PrometheusAnswer {
  status?: string
  error?: string
  /** What was left out, of stores that answer for several; and remarks on the query, which begin with "PromQL". */
  warnings?: string[]
  /** VictoriaMetrics: some of its storage did not answer. */
  isPartial?: boolean
  data?: {
    result?: { metric?: Record<string, string>; value?: [number, string]; values?: [number, string][] }[]
  }
}

/** The rules that Prometheus knows (`/api/v1/rules`). */
export interface PrometheusRulesAnswer {
  status?: string
  error?: string
  data?: { groups?: { rules?: { name?: string; query?: string; labels?: Record<string, string> }[] }[] }
}

/** The part of Kiali's configuration of a namespace that is read (`/api/namespaces/NS/istio?validate=true`), by kind; before Kiali 2 it had no `resources`. */
export interface KialiConfigAnswer {
  resources?: Record<string, { kind?: string; metadata?: { name?: string; namespace?: string; generation?: number } }[]>
  validations: Record<string, Record<string, KialiObjectAnswer>>
}

/** Kiali's validation of one object; before Kiali 2 its kind was `objectType`, in small letters. */
export interface KialiObjectAnswer {
  name?: string
  namespace?: string
  objectGVK?: { Kind?: string }
  objectType?: string
  checks?: { code?: string; message?: string; severity?: string; path?: string }[]
}

/** The part of Kiali's health of applications that is read (`/api/clusters/health?type=app`), by namespace and application. */
export interface KialiHealthAnswer {
  namespaceAppHealth: Record<
    string,
    Record<
      string,
      {
        status?: { status?: string; errorRatio?: number }
        workloadStatuses?: { name?: string; availableReplicas?: number; desiredReplicas?: number }[]
      }
    >
  >
}

interface Bytes {
  inlineBytes?: string
}

export interface DumpedSecret {
  name?: string
  secret?: { tlsCertificate?: { certificateChain?: Bytes }; validationContext?: { trustedCa?: Bytes } }
}

/** The part of Envoy's SecretsConfigDump that is read, with the names of protobuf's JSON form. */
export interface SecretDump {
  dynamicActiveSecrets?: DumpedSecret[]
  dynamicWarmingSecrets?: DumpedSecret[]
}

export interface AdminSecret {
  name?: string
  last_updated?: string
  secret?: {
    tls_certificate?: { certificate_chain?: { inline_bytes?: string } }
    validation_context?: { trusted_ca?: { inline_bytes?: string } }
    combined_validation_context?: unknown
  }
}

export interface AdminSection {
  '@type'?: string
  dynamic_listeners?: { active_state?: { last_updated?: string; listener?: Fields } }[]
  static_listeners?: { last_updated?: string; listener?: Fields }[]
  dynamic_route_configs?: { last_updated?: string; route_config?: Fields }[]
  static_route_configs?: { last_updated?: string; route_config?: Fields }[]
  static_clusters?: { last_updated?: string; cluster?: Fields }[]
  dynamic_active_clusters?: { last_updated?: string; cluster?: Fields }[]
  dynamic_active_secrets?: AdminSecret[]
  dynamic_warming_secrets?: AdminSecret[]
}

/** Envoy's answer to `/config_dump`. */
export interface AdminDump {
  configs: AdminSection[]
}

/** Envoy's answer to `/clusters?format=json`. */
export interface ClusterStates {
  cluster_statuses: (Fields & { host_statuses?: unknown[] })[]
}

/**
 * Every answer in JSON that something is made of, by the type that it is read by. `npm run shapes` makes of it what each answer is held against before
 * anything reads it (`mesh/shape/answer.ts`).
 */
export interface Answers extends ObjectEvidence, Pick<EvidenceMap, 'listeners' | 'routes' | 'clusters' | 'endpoints'> {
  'proxy-status': DiscoveryStatus[]
  'analyzer-messages': PrintedMessage[]
  secrets: SecretDump
  'config dump': AdminDump
  'cluster states': ClusterStates
  prometheus: PrometheusAnswer
  'prometheus rules': PrometheusRulesAnswer
  'kiali configuration': KialiConfigAnswer
  'kiali health': KialiHealthAnswer
  'page of a list': ListPage
  'other objects': KubernetesObject[]
  'API groups': GroupList
  'resources of an API group': GroupResources
  'aggregated discovery': Discovered
  'versions of an API group': ServedGroup
  'resources of a version': ServedResources
}
