import type { Workload } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { configurationOf, failedWebhooks } from './facts/failed-webhooks.ts'

/** Istio's injection webhook does not answer, and its failure policy keeps every pod it is asked about from being made. */
export const webhookDown = defineCheck({
  name: 'webhook-down',
  about: 'no pod of the target is kept from being created by an injection webhook that does not answer',
  needs: ['events', 'replica-sets', 'stateful-sets', 'services'],
  confirms: ['mutating-webhooks'],
  problems: {
    MESH0902: {
      severity: 'error',
      title: 'injection webhook does not answer',
      explains: ['MESH0305', 'MESH0306', 'MESH0401', 'MESH0404'],
      says: '{subject} sends new pods to {service}, which does not answer ({reason}), so no pod of {makers} is created',
      remedy: 'Bring {service} back; or delete {subject} if its istiod was removed.',
    },
  },
  run(evidence, target) {
    const failed = failedWebhooks(evidence, target).map((one) => ({
      ...one,
      configuration: configurationOf(one, evidence),
    }))
    const groups = Map.groupBy(
      failed,
      ({ webhook, service, configuration }) => `${webhook} ${service ?? ''} ${configuration?.ref.name ?? ''}`,
    )
    return [...groups.values()].flatMap(([first, ...others]): Found[] => {
      if (first === undefined) return []
      const { webhook, service = 'an address outside the cluster', reason, event, reading, configuration } = first
      const short = reason.replace(/^failed to call webhook: /, '').replace(/^Post "[^"]*": /, '')
      return [
        {
          code: 'MESH0902',
          standing: 'observed',
          subject: configuration?.ref ?? { kind: 'MutatingWebhookConfiguration', name: webhook },
          args: {
            service,
            reason: short.slice(0, 300),
            makers: [...new Set([first, ...others].map(({ maker }) => formatRef(workloadOf(maker))))],
          },
          because: [
            proof(
              reading,
              `FailedCreate ${event.involvedObject?.kind ?? ''} ${event.involvedObject?.name ?? ''}, at ${event.lastTimestamp ?? 'an unknown time'}`,
              (event.message ?? '').slice(0, 600),
            ),
            ...(configuration === undefined
              ? []
              : [
                  proof(
                    configuration.reading,
                    `${formatRef(configuration.ref)} has the webhook ${webhook} to ${service} with failurePolicy ${configuration.policy}`,
                  ),
                ]),
          ],
          scope: target.hosts,
        },
      ]
    })
  },
})

/** What a person knows a maker of pods by: a ReplicaSet's Deployment. */
function workloadOf(maker: Workload): Ref {
  const owner = maker.metadata.ownerReferences?.[0]
  return owner === undefined ? refOf(maker) : { ...refOf(maker), kind: owner.kind, name: owner.name }
}
