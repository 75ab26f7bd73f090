import { hostMatches, hostOfService } from './host.ts'
import type { Service, ServiceEntry } from './objects.ts'

/** A Service or ServiceEntry as istiod registers it for one host. */
export interface Registered {
  object: Service | ServiceEntry
  ports: number[]
  exportTo: string[]
  /** The host an ExternalName Service stands for. */
  external?: string
}

/** Says to which namespaces a Service is exported, comma-separated. */
const EXPORT_TO = 'networking.istio.io/exportTo'

/** The namespaces a Service (by its annotation) or ServiceEntry is exported to; empty when it says nothing, which is all of them. */
export function exportsOf({ kind, metadata, spec }: Service | ServiceEntry): string[] {
  if (kind === 'ServiceEntry') return (spec as ServiceEntry['spec'])?.exportTo ?? []
  return (metadata.annotations?.[EXPORT_TO] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** Every host that the mesh registers, with what registers it. */
export class Registry {
  private readonly byHost = new Map<string, Registered[]>()

  constructor(services: readonly Service[], entries: readonly ServiceEntry[]) {
    for (const object of services) {
      const { spec } = object
      this.add(hostOfService(object), {
        object,
        ports: (spec?.ports ?? []).map(({ port }) => port),
        exportTo: exportsOf(object),
        ...(spec?.type === 'ExternalName' && spec.externalName !== undefined && { external: spec.externalName }),
      })
    }
    for (const object of entries) {
      for (const host of object.spec?.hosts ?? [])
        this.add(host, {
          object,
          ports: (object.spec?.ports ?? []).map(({ number }) => number),
          exportTo: exportsOf(object),
        })
    }
  }

  private add(host: string, registered: Registered): void {
    this.byHost.set(host, [...(this.byHost.get(host) ?? []), registered])
  }

  /** What registers exactly this host; empty when nothing does. */
  of(host: string): readonly Registered[] {
    return this.byHost.get(host) ?? []
  }

  get hosts(): string[] {
    return [...this.byHost.keys()]
  }

  /** Wildcard hosts that take this one. They register no destination of its name: istiod makes a cluster only for the wildcard itself. */
  wildcardsOver(host: string): string[] {
    return this.hosts.filter((pattern) => pattern !== host && pattern.startsWith('*') && hostMatches(pattern, host))
  }
}
