import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { isExportedTo } from '../../mesh/destination-rules.ts'
import { hostOfService } from '../../mesh/host.ts'
import type { Pod, Service, ServiceEntry } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { exportsOf } from '../../mesh/registry.ts'
import { showsHost, sidecarFor } from '../../mesh/sidecars.ts'
import { serviceEntryOf, serviceOf } from '../follow/destination.ts'
import type { Trace } from '../follow/trace.ts'
import type { Case, Lead } from './lead.ts'
import { value, values } from './lead.ts'

/** What keeps a host of the mesh from a caller's proxy: exportTo, or the Sidecar that shapes what the proxy sees. */
export function hiddenFrom(caller: Pod, host: string, port: number | undefined, { evidence }: Case): Lead[] {
  const registered: Service | ServiceEntry | undefined =
    serviceOf(host, caller.metadata.namespace, evidence) ?? serviceEntryOf(host, evidence)
  if (registered === undefined) return []
  const { namespace = '' } = registered.metadata
  const at = caller.metadata.namespace ?? ''
  const name = registered.kind === 'Service' ? hostOfService(registered) : host
  const exported = exportsOf(registered)
  if (!isExportedTo(exported, namespace, at))
    return [
      {
        code: 'MESH0131',
        isDeeper: true,
        subject: refOf(registered),
        why: `it is exported to ${values(exported)} only, so callers in namespace ${value(at)} do not know ${value(name)}`,
        remedy: `Export it to namespace ${value(at)} too`,
      },
    ]
  const sidecar = sidecarFor(caller, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  if (sidecar !== undefined && !showsHost(sidecar, name, namespace, port))
    return [
      {
        code: 'MESH0131',
        isDeeper: true,
        subject: refOf(sidecar),
        why: `its egress hosts do not show ${value(name)} to ${value(caller.metadata.name)}, whose requests therefore leave without routes and without mutual TLS, or not at all`,
        remedy: `Add ${value(`${namespace}/${name}`)} to its egress hosts`,
      },
    ]
  const ports =
    registered.kind === 'Service'
      ? ((registered as Service).spec?.ports ?? []).map((one) => one.port)
      : ((registered as ServiceEntry).spec?.ports ?? []).map(({ number }) => number)
  if (port !== undefined && !ports.includes(port))
    return [
      {
        code: 'MESH0131',
        isDeeper: true,
        subject: refOf(registered),
        why: `callers ask for port ${value(port)}, and it has ${ports.length === 0 ? 'no ports' : `only ${values(ports.map(String))}`}`,
        remedy: `Give ${formatRef(refOf(registered))} port ${value(port)}, or make callers use one that it has`,
      },
    ]
  return []
}

/** The protocol that a Service or ServiceEntry declares for a port, in capitals: `HTTPS` for a Service's port named `https-web`. */
function declaredAt(registered: Service | ServiceEntry, port: number): string {
  if (registered.kind !== 'Service')
    return ((registered as ServiceEntry).spec?.ports ?? []).find(({ number }) => number === port)?.protocol ?? ''
  const found = ((registered as Service).spec?.ports ?? []).find((one) => one.port === port)
  return found?.appProtocol ?? found?.name?.split('-')[0] ?? ''
}

/** Why a sidecar has nothing for a host that is registered: it is hidden from it, or its port is declared to be TLS, and callers speak plain text. */
export function outsideLeads({ callerPod, question: { host }, sent }: Trace, one: Case): Lead[] {
  const hidden = hiddenFrom(callerPod, host, sent.port, one)
  if (hidden.length > 0) return hidden
  const registered: Service | ServiceEntry | undefined =
    serviceOf(host, callerPod.metadata.namespace, one.evidence) ?? serviceEntryOf(host, one.evidence)
  const protocol = registered === undefined ? '' : declaredAt(registered, sent.port).toUpperCase()
  if (registered === undefined || !['HTTPS', 'TLS'].includes(protocol) || sent.connection.tls !== undefined) return []
  return [
    {
      code: 'MESH0131',
      isDeeper: true,
      subject: refOf(registered),
      why: `it declares port ${value(sent.port)} as ${value(protocol)}, and ${value(callerPod.metadata.name)} speaks plain text to it, for which its sidecar has nothing`,
      remedy: 'Declare the port with the protocol that callers speak, or make them speak TLS',
    },
  ]
}
