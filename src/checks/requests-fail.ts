import { defineCheck } from './check.ts'

/** What is said of requests that were followed and fail. Its findings come from following, not from a run of its own. */
export const requestsFail = defineCheck({
  name: 'requests-fail',
  about:
    'every request that concerns the target arrives, as the live configuration of its caller foresees and traffic shows',
  needs: [],
  followed: true,
  confirms: [
    'gateway-classes',
    'gateway-api-gateways',
    'listener-sets',
    'http-routes',
    'grpc-routes',
    'tls-routes',
    'tcp-routes',
    'reference-grants',
    'backend-tls-policies',
    'listeners',
    'routes',
    'clusters',
    'endpoints',
    'access-log',
    'proxy-status',
  ],
  problems: {
    MESH0131: {
      severity: 'error',
      title: 'requests are not routed',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0402', 'MESH0404'],
    },
    MESH0132: {
      severity: 'error',
      title: 'destination unknown to the proxy',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
    },
    MESH0133: {
      severity: 'error',
      title: 'Gateway API object has no effect',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0402', 'MESH0404'],
    },
    MESH0331: {
      severity: 'error',
      title: 'no endpoint accepts requests',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
    },
    MESH0431: {
      severity: 'error',
      title: 'requests fail at the workload',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0402', 'MESH0403', 'MESH0404'],
    },
    MESH0432: {
      severity: 'error',
      symptom: true,
      title: 'requests fail, cause not found',
      says: '{failed} requests to {subject} fail at {where}, and no object was found to blame',
      remedy: 'Look at {where}: its configuration, its log and that of its peer.',
    },
    MESH0531: {
      severity: 'error',
      title: 'requests are refused',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
    },
  },
  run: () => [],
})
