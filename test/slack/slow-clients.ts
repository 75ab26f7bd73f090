import type { Clients } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { setTimeout as pause } from 'node:timers/promises'

/** Clients whose istioctl answers only once it is let, until it is held again. */
export function heldClients(clients: Clients): {
  clients: Clients
  release: () => void
  hold: () => void
  asked: () => number
} {
  let release = (): void => {}
  let asked = 0
  let gate = Promise.resolve()
  const hold = (): void => {
    gate = new Promise<void>((resolve) => {
      release = resolve
    })
  }
  hold()
  return {
    hold,
    release: () => {
      release()
    },
    asked: () => asked,
    clients: {
      ...clients,
      istioctl: {
        async run(args, signal) {
          asked += 1
          await Promise.race([
            gate,
            new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new UnseenError('timeout', 'stopped')), { once: true }),
            ),
          ])
          return clients.istioctl.run(args, signal)
        },
      },
    },
  }
}

/** Clients whose every answer of the API server fails. */
export function failingClients(clients: Clients, error: () => Error): Clients {
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      list: async () => {
        await pause(1)
        throw error()
      },
    },
  }
}

/** Clients with a thousand and more Services of the given names and namespaces in place of the recorded ones. */
export function clientsWithServices(
  clients: Clients,
  services: readonly { name: string; namespace: string }[],
): Clients {
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      async list(resource, where, signal) {
        if (resource.plural === 'services')
          return services.map((metadata) => ({ apiVersion: 'v1', kind: 'Service', metadata, spec: {} }))
        if (resource.plural === 'namespaces')
          return [...new Set(services.map(({ namespace }) => namespace))].map((name) => ({
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name },
          }))
        return clients.kubernetes.list(resource, where, signal).catch(() => [])
      },
    },
  }
}
