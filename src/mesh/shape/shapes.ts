import type { Shapes } from './shape.ts'

/** Made from the types that answers are read by (src/evidence/answers.ts), with `npm run shapes`; a test keeps the two equal. */
export const SHAPES: Shapes = {
  answers: {
    'proxy-status': { list: { of: 'proxy-status.DiscoveryStatus' } },
    'analyzer-messages': { list: { of: 'analyzer.PrintedMessage' } },
    secrets: { of: 'answers.SecretDump' },
    'config dump': { of: 'answers.AdminDump' },
    'cluster states': { of: 'answers.ClusterStates' },
    prometheus: { of: 'answers.PrometheusAnswer' },
    'prometheus rules': { of: 'answers.PrometheusRulesAnswer' },
    'kiali configuration': { of: 'answers.KialiConfigAnswer' },
    'kiali health': { of: 'answers.KialiHealthAnswer' },
    'page of a list': { of: 'answers.ListPage' },
    'other objects': {
      list: {
        fields: { apiVersion: 'string', kind: 'string', metadata: { of: 'objects.Metadata' } },
        needs: ['kind', 'metadata'],
      },
    },
    'API groups': { of: 'answers.GroupList' },
    'resources of an API group': { of: 'answers.GroupResources' },
    'aggregated discovery': { of: 'answers.Discovered' },
    'versions of an API group': { of: 'answers.ServedGroup' },
    'resources of a version': { of: 'answers.ServedResources' },
    namespaces: {
      list: {
        fields: { apiVersion: 'string', kind: 'string', metadata: { of: 'objects.Metadata' } },
        needs: ['kind', 'metadata'],
      },
    },
    services: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              selector: { map: 'string' },
              ports: { list: { of: 'objects.ServicePort' } },
              type: 'string',
              clusterIP: 'string',
              externalName: 'string',
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'endpoint-slices': { list: { of: 'objects.EndpointSlice' } },
    pods: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              containers: { list: { of: 'objects.Container' } },
              initContainers: { list: { of: 'objects.Container' } },
              terminationGracePeriodSeconds: 'number',
              hostNetwork: 'boolean',
              nodeName: 'string',
              serviceAccountName: 'string',
              securityContext: { of: 'objects.SecurityContext' },
            },
            needs: ['containers'],
          },
          status: {
            fields: {
              phase: 'string',
              podIP: 'string',
              reason: 'string',
              message: 'string',
              startTime: 'string',
              conditions: {
                list: {
                  fields: {
                    type: 'string',
                    status: 'string',
                    reason: 'string',
                    message: 'string',
                    lastTransitionTime: 'string',
                  },
                  needs: ['type', 'status'],
                },
              },
              containerStatuses: { list: { of: 'objects.ContainerStatus' } },
              initContainerStatuses: { list: { of: 'objects.ContainerStatus' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    deployments: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              replicas: 'number',
              serviceName: 'string',
              progressDeadlineSeconds: 'number',
              selector: { fields: { matchLabels: { map: 'string' } } },
              template: {
                fields: {
                  metadata: { fields: { labels: { map: 'string' }, annotations: { map: 'string' } } },
                  spec: {
                    fields: {
                      containers: { list: { of: 'objects.Container' } },
                      terminationGracePeriodSeconds: 'number',
                    },
                  },
                },
              },
            },
          },
          status: {
            fields: {
              replicas: 'number',
              readyReplicas: 'number',
              availableReplicas: 'number',
              conditions: {
                list: { fields: { type: 'string', status: 'string', reason: 'string' }, needs: ['type', 'status'] },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'replica-sets': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              replicas: 'number',
              serviceName: 'string',
              progressDeadlineSeconds: 'number',
              selector: { fields: { matchLabels: { map: 'string' } } },
              template: {
                fields: {
                  metadata: { fields: { labels: { map: 'string' }, annotations: { map: 'string' } } },
                  spec: {
                    fields: {
                      containers: { list: { of: 'objects.Container' } },
                      terminationGracePeriodSeconds: 'number',
                    },
                  },
                },
              },
            },
          },
          status: {
            fields: {
              replicas: 'number',
              readyReplicas: 'number',
              availableReplicas: 'number',
              conditions: {
                list: { fields: { type: 'string', status: 'string', reason: 'string' }, needs: ['type', 'status'] },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'stateful-sets': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              replicas: 'number',
              serviceName: 'string',
              progressDeadlineSeconds: 'number',
              selector: { fields: { matchLabels: { map: 'string' } } },
              template: {
                fields: {
                  metadata: { fields: { labels: { map: 'string' }, annotations: { map: 'string' } } },
                  spec: {
                    fields: {
                      containers: { list: { of: 'objects.Container' } },
                      terminationGracePeriodSeconds: 'number',
                    },
                  },
                },
              },
            },
          },
          status: {
            fields: {
              replicas: 'number',
              readyReplicas: 'number',
              availableReplicas: 'number',
              conditions: {
                list: { fields: { type: 'string', status: 'string', reason: 'string' }, needs: ['type', 'status'] },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'daemon-sets': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              replicas: 'number',
              serviceName: 'string',
              progressDeadlineSeconds: 'number',
              selector: { fields: { matchLabels: { map: 'string' } } },
              template: {
                fields: {
                  metadata: { fields: { labels: { map: 'string' }, annotations: { map: 'string' } } },
                  spec: {
                    fields: {
                      containers: { list: { of: 'objects.Container' } },
                      terminationGracePeriodSeconds: 'number',
                    },
                  },
                },
              },
            },
          },
          status: {
            fields: {
              replicas: 'number',
              readyReplicas: 'number',
              availableReplicas: 'number',
              conditions: {
                list: { fields: { type: 'string', status: 'string', reason: 'string' }, needs: ['type', 'status'] },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    events: { list: { of: 'objects.ClusterEvent' } },
    'mesh-config': { list: { of: 'objects.ConfigMap' } },
    'mutating-webhooks': { list: { of: 'objects.MutatingWebhookConfiguration' } },
    'virtual-services': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              hosts: { list: 'string' },
              gateways: { list: 'string' },
              http: { list: { of: 'objects.HttpRoute' } },
              tcp: { list: { of: 'objects.L4Route' } },
              tls: { list: { of: 'objects.L4Route' } },
              exportTo: { list: 'string' },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'destination-rules': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              host: 'string',
              subsets: { list: { of: 'objects.Subset' } },
              trafficPolicy: { of: 'objects.TrafficPolicy' },
              exportTo: { list: 'string' },
              workloadSelector: { fields: { matchLabels: { map: 'string' } } },
            },
            needs: ['host'],
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    gateways: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: { fields: { selector: { map: 'string' }, servers: { list: { of: 'objects.GatewayServer' } } } },
          podsIn: 'string',
        },
        needs: ['kind', 'metadata'],
      },
    },
    'service-entries': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              hosts: { list: 'string' },
              ports: {
                list: {
                  fields: { number: 'number', name: 'string', protocol: 'string', targetPort: 'number' },
                  needs: ['number'],
                },
              },
              addresses: { list: 'string' },
              endpoints: {
                list: { fields: { address: 'string', labels: { map: 'string' }, ports: { map: 'number' } } },
              },
              workloadSelector: { fields: { labels: { map: 'string' } } },
              resolution: 'string',
              location: 'string',
              exportTo: { list: 'string' },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'envoy-filters': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              workloadSelector: { fields: { labels: { map: 'string' } } },
              priority: 'number',
              configPatches: { list: { of: 'objects.EnvoyPatch' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    sidecars: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              workloadSelector: { fields: { labels: { map: 'string' } } },
              egress: { list: { fields: { hosts: { list: 'string' }, port: { fields: { number: 'number' } } } } },
              ingress: {
                list: {
                  fields: {
                    port: { fields: { number: 'number', protocol: 'string', name: 'string' } },
                    defaultEndpoint: 'string',
                  },
                },
              },
              outboundTrafficPolicy: { fields: { mode: 'string' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'workload-entries': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: { fields: { address: 'string', labels: { map: 'string' }, ports: { map: 'number' } } },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'peer-authentications': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              selector: { fields: { matchLabels: { map: 'string' } } },
              mtls: { of: 'objects.MutualTls' },
              portLevelMtls: { map: { of: 'objects.MutualTls' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'authorization-policies': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              selector: { fields: { matchLabels: { map: 'string' } } },
              targetRef: { of: 'objects.TargetReference' },
              targetRefs: { list: { of: 'objects.TargetReference' } },
              action: 'string',
              rules: { list: { of: 'objects.AuthorizationRule' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'request-authentications': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              selector: { fields: { matchLabels: { map: 'string' } } },
              targetRef: { of: 'objects.TargetReference' },
              targetRefs: { list: { of: 'objects.TargetReference' } },
              jwtRules: { list: { of: 'objects.JwtRule' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    telemetries: {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: { map: 'unknown' },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'gateway-classes': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: { fields: { controllerName: 'string' } },
          status: { fields: { conditions: { list: { of: 'gateway-api.Condition' } } } },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'gateway-api-gateways': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              gatewayClassName: 'string',
              listeners: { list: { of: 'gateway-api.Listener' } },
              addresses: { list: { fields: { type: 'string', value: 'string' } } },
              allowedListeners: {
                fields: {
                  namespaces: {
                    fields: {
                      from: 'string',
                      selector: {
                        fields: {
                          matchLabels: { map: 'string' },
                          matchExpressions: {
                            list: {
                              fields: { key: 'string', operator: 'string', values: { list: 'string' } },
                              needs: ['key', 'operator'],
                            },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          status: {
            fields: {
              conditions: { list: { of: 'gateway-api.Condition' } },
              listeners: { list: { of: 'gateway-api.ListenerStatus' } },
              addresses: { list: { fields: { type: 'string', value: 'string' } } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'listener-sets': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              parentRef: { of: 'gateway-api.ObjectReference' },
              listeners: { list: { of: 'gateway-api.Listener' } },
            },
          },
          status: {
            fields: {
              conditions: { list: { of: 'gateway-api.Condition' } },
              listeners: { list: { of: 'gateway-api.ListenerStatus' } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'http-routes': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              parentRefs: { list: { of: 'gateway-api.ObjectReference' } },
              hostnames: { list: 'string' },
              rules: {
                list: {
                  fields: {
                    name: 'string',
                    matches: {
                      list: {
                        fields: {
                          path: { fields: { type: 'string', value: 'string' } },
                          method: 'string',
                          headers: { list: { of: 'gateway-api.ValueMatch' } },
                          queryParams: { list: { of: 'gateway-api.ValueMatch' } },
                        },
                      },
                    },
                    backendRefs: { list: { of: 'gateway-api.ObjectReference' } },
                    filters: { list: { fields: { type: 'string' } } },
                    timeouts: { fields: { request: 'string', backendRequest: 'string' } },
                    retry: { fields: { attempts: 'number', codes: { list: 'number' }, backoff: 'string' } },
                  },
                },
              },
            },
          },
          status: { of: 'gateway-api.RouteStatus' },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'grpc-routes': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              parentRefs: { list: { of: 'gateway-api.ObjectReference' } },
              hostnames: { list: 'string' },
              rules: {
                list: {
                  fields: {
                    name: 'string',
                    matches: {
                      list: {
                        fields: {
                          method: { fields: { type: 'string', service: 'string', method: 'string' } },
                          headers: { list: { of: 'gateway-api.ValueMatch' } },
                        },
                      },
                    },
                    backendRefs: { list: { of: 'gateway-api.ObjectReference' } },
                    filters: { list: { fields: { type: 'string' } } },
                  },
                },
              },
            },
          },
          status: { of: 'gateway-api.RouteStatus' },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'tls-routes': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              parentRefs: { list: { of: 'gateway-api.ObjectReference' } },
              hostnames: { list: 'string' },
              rules: {
                list: { fields: { name: 'string', backendRefs: { list: { of: 'gateway-api.ObjectReference' } } } },
              },
            },
          },
          status: { of: 'gateway-api.RouteStatus' },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'tcp-routes': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              parentRefs: { list: { of: 'gateway-api.ObjectReference' } },
              hostnames: { list: 'string' },
              rules: {
                list: { fields: { name: 'string', backendRefs: { list: { of: 'gateway-api.ObjectReference' } } } },
              },
            },
          },
          status: { of: 'gateway-api.RouteStatus' },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'reference-grants': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              from: {
                list: {
                  fields: { group: 'string', kind: 'string', namespace: 'string' },
                  needs: ['group', 'kind', 'namespace'],
                },
              },
              to: { list: { fields: { group: 'string', kind: 'string', name: 'string' }, needs: ['group', 'kind'] } },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'backend-tls-policies': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              targetRefs: { list: { of: 'gateway-api.ObjectReference' } },
              validation: {
                fields: {
                  hostname: 'string',
                  caCertificateRefs: { list: { of: 'gateway-api.ObjectReference' } },
                  wellKnownCACertificates: 'string',
                },
              },
            },
          },
          status: {
            fields: {
              ancestors: {
                list: {
                  fields: {
                    ancestorRef: { of: 'gateway-api.ObjectReference' },
                    controllerName: 'string',
                    conditions: { list: { of: 'gateway-api.Condition' } },
                  },
                },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    'network-policies': {
      list: {
        fields: {
          apiVersion: 'string',
          kind: 'string',
          metadata: { of: 'objects.Metadata' },
          spec: {
            fields: {
              podSelector: { of: 'objects.LabelSelector' },
              policyTypes: { list: 'string' },
              ingress: {
                list: {
                  fields: {
                    from: { list: { of: 'objects.NetworkPeer' } },
                    ports: { list: { of: 'objects.NetworkPort' } },
                  },
                },
              },
              egress: {
                list: {
                  fields: {
                    to: { list: { of: 'objects.NetworkPeer' } },
                    ports: { list: { of: 'objects.NetworkPort' } },
                  },
                },
              },
            },
          },
        },
        needs: ['kind', 'metadata'],
      },
    },
    listeners: { list: { of: 'envoy.Listener' } },
    routes: { list: { of: 'envoy.RouteConfiguration' } },
    clusters: { list: { of: 'envoy.Cluster' } },
    endpoints: { list: { of: 'envoy.ClusterStatus' } },
  },
  packed: {
    HttpConnectionManager: { of: 'network-filters.HttpConnectionManager' },
    TcpProxy: { of: 'network-filters.TcpProxy' },
    RBAC: { of: 'packed.RbacFilter' },
    RBACPerRoute: { fields: { rbac: { of: 'packed.RbacFilter' } } },
    JwtAuthentication: { of: 'http-filters.JwtAuthentication' },
    HTTPFault: { of: 'http-filters.Fault' },
    Buffer: { fields: { maxRequestBytes: 'number' } },
    BufferPerRoute: { fields: { disabled: 'boolean', buffer: { fields: { maxRequestBytes: 'number' } } } },
    LocalRateLimit: { of: 'self-answering.LocalRateLimit' },
    RateLimit: {
      fields: {
        rateLimits: { list: 'unknown' },
        rateLimitService: { of: 'self-answering.Service' },
        failureModeDeny: 'boolean',
      },
    },
    ExtAuthz: { of: 'self-answering.Authorizer' },
    UpstreamTlsContext: { of: 'transport.UpstreamTls' },
    DownstreamTlsContext: { of: 'transport.TlsContext' },
    FilterConfig: { fields: { config: 'packed', disabled: 'boolean' } },
  },
  named: {
    'analyzer.PrintedMessage': {
      fields: { code: 'string', level: 'string', message: 'string', origin: 'string', documentationUrl: 'string' },
    },
    'answers.AdminDump': { fields: { configs: { list: { of: 'answers.AdminSection' } } }, needs: ['configs'] },
    'answers.AdminSecret': {
      fields: {
        name: 'string',
        last_updated: 'string',
        secret: {
          fields: {
            tls_certificate: { fields: { certificate_chain: { fields: { inline_bytes: 'string' } } } },
            validation_context: { fields: { trusted_ca: { fields: { inline_bytes: 'string' } } } },
          },
        },
      },
    },
    'answers.AdminSection': {
      fields: {
        '@type': 'string',
        dynamic_listeners: {
          list: { fields: { active_state: { fields: { last_updated: 'string', listener: { map: 'unknown' } } } } },
        },
        static_listeners: { list: { fields: { last_updated: 'string', listener: { map: 'unknown' } } } },
        dynamic_route_configs: { list: { fields: { last_updated: 'string', route_config: { map: 'unknown' } } } },
        static_route_configs: { list: { fields: { last_updated: 'string', route_config: { map: 'unknown' } } } },
        static_clusters: { list: { fields: { last_updated: 'string', cluster: { map: 'unknown' } } } },
        dynamic_active_clusters: { list: { fields: { last_updated: 'string', cluster: { map: 'unknown' } } } },
        dynamic_active_secrets: { list: { of: 'answers.AdminSecret' } },
        dynamic_warming_secrets: { list: { of: 'answers.AdminSecret' } },
      },
    },
    'answers.Bytes': { fields: { inlineBytes: 'string' } },
    'answers.ClusterStates': {
      fields: { cluster_statuses: { list: { fields: { host_statuses: { list: 'unknown' } } } } },
      needs: ['cluster_statuses'],
    },
    'answers.Discovered': {
      fields: {
        items: {
          list: {
            fields: {
              metadata: { fields: { name: 'string' } },
              versions: {
                list: {
                  fields: {
                    version: 'string',
                    resources: {
                      list: {
                        fields: {
                          resource: 'string',
                          responseKind: { fields: { kind: 'string' } },
                          verbs: { list: 'string' },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    'answers.DumpedSecret': {
      fields: {
        name: 'string',
        secret: {
          fields: {
            tlsCertificate: { fields: { certificateChain: { of: 'answers.Bytes' } } },
            validationContext: { fields: { trustedCa: { of: 'answers.Bytes' } } },
          },
        },
      },
    },
    'answers.GroupList': {
      fields: { groups: { list: { fields: { name: 'string', preferredVersion: { fields: { version: 'string' } } } } } },
    },
    'answers.GroupResources': {
      fields: { resources: { list: { fields: { name: 'string', kind: 'string', verbs: { list: 'string' } } } } },
    },
    'answers.KialiConfigAnswer': {
      fields: {
        resources: {
          map: {
            list: {
              fields: {
                kind: 'string',
                metadata: { fields: { name: 'string', namespace: 'string', generation: 'number' } },
              },
            },
          },
        },
        validations: { map: { map: { of: 'answers.KialiObjectAnswer' } } },
      },
      needs: ['validations'],
    },
    'answers.KialiHealthAnswer': {
      fields: {
        namespaceAppHealth: {
          map: {
            map: {
              fields: {
                status: { fields: { status: 'string', errorRatio: 'number' } },
                workloadStatuses: {
                  list: { fields: { name: 'string', availableReplicas: 'number', desiredReplicas: 'number' } },
                },
              },
            },
          },
        },
      },
      needs: ['namespaceAppHealth'],
    },
    'answers.KialiObjectAnswer': {
      fields: {
        name: 'string',
        namespace: 'string',
        objectGVK: { fields: { Kind: 'string' } },
        objectType: 'string',
        checks: { list: { fields: { code: 'string', message: 'string', severity: 'string', path: 'string' } } },
      },
    },
    'answers.ListPage': {
      fields: { items: { list: { map: 'unknown' } }, metadata: { fields: { continue: 'string' } } },
    },
    'answers.PrometheusAnswer': {
      fields: {
        status: 'string',
        error: 'string',
        warnings: { list: 'string' },
        isPartial: 'boolean',
        data: {
          fields: {
            result: {
              list: {
                fields: {
                  metric: { map: 'string' },
                  value: { list: { either: ['number', 'string'] } },
                  values: { list: { list: { either: ['number', 'string'] } } },
                },
              },
            },
          },
        },
      },
    },
    'answers.PrometheusRulesAnswer': {
      fields: {
        status: 'string',
        error: 'string',
        data: {
          fields: {
            groups: {
              list: {
                fields: { rules: { list: { fields: { name: 'string', query: 'string', labels: { map: 'string' } } } } },
              },
            },
          },
        },
      },
    },
    'answers.SecretDump': {
      fields: {
        dynamicActiveSecrets: { list: { of: 'answers.DumpedSecret' } },
        dynamicWarmingSecrets: { list: { of: 'answers.DumpedSecret' } },
      },
    },
    'answers.ServedGroup': { fields: { versions: { list: { fields: { version: 'string' }, needs: ['version'] } } } },
    'answers.ServedResources': { fields: { resources: { list: { fields: { name: 'string' }, needs: ['name'] } } } },
    'envoy.AddressRange': { fields: { addressPrefix: 'string', prefixLen: 'number' } },
    'envoy.Cluster': {
      fields: {
        name: 'string',
        type: 'string',
        altStatName: 'string',
        edsClusterConfig: { fields: { serviceName: 'string' } },
        metadata: { of: 'envoy.IstioMetadata' },
        transportSocket: { of: 'envoy.NetworkFilter' },
        transportSocketMatches: {
          list: {
            fields: { name: 'string', match: { map: 'unknown' }, transportSocket: { of: 'envoy.NetworkFilter' } },
          },
        },
        circuitBreakers: { fields: { thresholds: { list: { of: 'envoy.Thresholds' } } } },
        outlierDetection: { of: 'envoy.OutlierDetection' },
        connectTimeout: 'string',
        lbPolicy: 'string',
        commonLbConfig: { fields: { healthyPanicThreshold: { fields: { value: 'number' } } } },
        loadAssignment: {
          fields: {
            endpoints: {
              list: {
                fields: {
                  lbEndpoints: {
                    list: { fields: { endpoint: { fields: { address: { of: 'envoy.SocketAddress' } } } } },
                  },
                },
              },
            },
          },
        },
      },
    },
    'envoy.ClusterStatus': {
      fields: {
        name: 'string',
        hostStatuses: {
          list: {
            fields: {
              address: { of: 'envoy.SocketAddress' },
              healthStatus: {
                fields: {
                  edsHealthStatus: 'string',
                  failedActiveHealthCheck: 'boolean',
                  failedOutlierCheck: 'boolean',
                },
              },
              weight: 'number',
              priority: 'number',
              locality: { fields: { region: 'string', zone: 'string', subZone: 'string' } },
              hostname: 'string',
              stats: { list: { fields: { name: 'string', value: 'string', type: 'string' } } },
            },
          },
        },
      },
    },
    'envoy.FilterChain': {
      fields: {
        name: 'string',
        filterChainMatch: { of: 'envoy.FilterChainMatch' },
        filters: { list: { of: 'envoy.NetworkFilter' } },
        transportSocket: { of: 'envoy.NetworkFilter' },
        metadata: { of: 'envoy.IstioMetadata' },
      },
    },
    'envoy.FilterChainMatch': {
      fields: {
        destinationPort: 'number',
        prefixRanges: { list: { of: 'envoy.AddressRange' } },
        serverNames: { list: 'string' },
        transportProtocol: 'string',
        applicationProtocols: { list: 'string' },
        directSourcePrefixRanges: { list: { of: 'envoy.AddressRange' } },
        sourceType: 'string',
        sourcePrefixRanges: { list: { of: 'envoy.AddressRange' } },
        sourcePorts: { list: 'number' },
      },
    },
    'envoy.FractionalPercent': { fields: { numerator: 'number', denominator: 'string' } },
    'envoy.HeaderMatcher': {
      fields: {
        name: 'string',
        stringMatch: { of: 'envoy.StringMatcher' },
        presentMatch: 'boolean',
        rangeMatch: { fields: { start: { either: ['number', 'string'] }, end: { either: ['number', 'string'] } } },
        invertMatch: 'boolean',
        treatMissingHeaderAsEmpty: 'boolean',
        exactMatch: 'string',
        prefixMatch: 'string',
        suffixMatch: 'string',
        containsMatch: 'string',
        safeRegexMatch: { fields: { regex: 'string' } },
      },
    },
    'envoy.HeaderToAdd': { fields: { header: { fields: { key: 'string', value: 'string' } }, appendAction: 'string' } },
    'envoy.HttpFilter': { fields: { disabled: 'boolean', name: 'string', typedConfig: 'packed' } },
    'envoy.IstioMetadata': {
      fields: {
        filterMetadata: {
          fields: {
            istio: {
              fields: {
                config: 'string',
                services: { list: { fields: { host: 'string', name: 'string', namespace: 'string' } } },
                subset: 'string',
              },
            },
          },
        },
      },
    },
    'envoy.Listener': {
      fields: {
        name: 'string',
        address: { of: 'envoy.SocketAddress' },
        additionalAddresses: { list: { fields: { address: { of: 'envoy.SocketAddress' } } } },
        filterChains: { list: { of: 'envoy.FilterChain' } },
        defaultFilterChain: { of: 'envoy.FilterChain' },
        useOriginalDst: 'boolean',
        bindToPort: 'boolean',
        trafficDirection: 'string',
        listenerFilters: { list: { of: 'envoy.ListenerFilter' } },
        metadata: { of: 'envoy.IstioMetadata' },
      },
    },
    'envoy.ListenerFilter': {
      fields: { filterDisabled: { of: 'envoy.ListenerFilterPredicate' }, name: 'string', typedConfig: 'packed' },
    },
    'envoy.ListenerFilterPredicate': {
      fields: {
        destinationPortRange: { fields: { start: 'number', end: 'number' } },
        anyMatch: 'boolean',
        notMatch: { of: 'envoy.ListenerFilterPredicate' },
        orMatch: { fields: { rules: { list: { of: 'envoy.ListenerFilterPredicate' } } } },
        andMatch: { fields: { rules: { list: { of: 'envoy.ListenerFilterPredicate' } } } },
      },
    },
    'envoy.NetworkFilter': { fields: { name: 'string', typedConfig: 'packed' } },
    'envoy.OutlierDetection': {
      fields: { consecutive5xx: 'number', consecutiveGatewayFailure: 'number', baseEjectionTime: 'string' },
    },
    'envoy.QueryParameterMatcher': {
      fields: { name: 'string', stringMatch: { of: 'envoy.StringMatcher' }, presentMatch: 'boolean' },
    },
    'envoy.RetryPolicy': { fields: { numRetries: 'number', retryOn: 'string', perTryTimeout: 'string' } },
    'envoy.Route': {
      fields: {
        name: 'string',
        match: { of: 'envoy.RouteMatch' },
        route: { of: 'envoy.RouteAction' },
        redirect: { map: 'unknown' },
        directResponse: { fields: { status: 'number' } },
        requestHeadersToAdd: { list: { of: 'envoy.HeaderToAdd' } },
        requestHeadersToRemove: { list: 'string' },
        metadata: { of: 'envoy.IstioMetadata' },
        typedPerFilterConfig: { map: 'packed' },
      },
    },
    'envoy.RouteAction': {
      fields: {
        cluster: 'string',
        weightedClusters: { fields: { clusters: { list: { of: 'envoy.WeightedCluster' } } } },
        clusterHeader: 'string',
        clusterNotFoundResponseCode: 'string',
        timeout: 'string',
        retryPolicy: { of: 'envoy.RetryPolicy' },
        requestMirrorPolicies: { list: { fields: { cluster: 'string' } } },
        prefixRewrite: 'string',
        hostRewriteLiteral: 'string',
        rateLimits: { list: 'unknown' },
      },
    },
    'envoy.RouteConfiguration': {
      fields: {
        name: 'string',
        virtualHosts: { list: { of: 'envoy.VirtualHost' } },
        ignorePortInHostMatching: 'boolean',
      },
    },
    'envoy.RouteMatch': {
      fields: {
        prefix: 'string',
        path: 'string',
        pathSeparatedPrefix: 'string',
        safeRegex: { fields: { regex: 'string' } },
        caseSensitive: 'boolean',
        headers: { list: { of: 'envoy.HeaderMatcher' } },
        queryParameters: { list: { of: 'envoy.QueryParameterMatcher' } },
        runtimeFraction: { fields: { defaultValue: { of: 'envoy.FractionalPercent' }, runtimeKey: 'string' } },
        dynamicMetadata: { list: 'unknown' },
        filterState: { list: 'unknown' },
        cookies: { list: 'unknown' },
      },
    },
    'envoy.SocketAddress': {
      fields: {
        socketAddress: { fields: { address: 'string', portValue: 'number' } },
        pipe: { fields: { path: 'string' } },
        envoyInternalAddress: { fields: { serverListenerName: 'string' } },
      },
    },
    'envoy.StringMatcher': {
      fields: {
        exact: 'string',
        prefix: 'string',
        suffix: 'string',
        contains: 'string',
        safeRegex: { fields: { regex: 'string' } },
        ignoreCase: 'boolean',
      },
    },
    'envoy.Thresholds': {
      fields: {
        priority: 'string',
        maxConnections: 'number',
        maxPendingRequests: 'number',
        maxRequests: 'number',
        maxRetries: 'number',
      },
    },
    'envoy.VirtualHost': {
      fields: {
        name: 'string',
        domains: { list: 'string' },
        routes: { list: { of: 'envoy.Route' } },
        requireTls: 'string',
        rateLimits: { list: 'unknown' },
        typedPerFilterConfig: { map: 'packed' },
      },
    },
    'envoy.WeightedCluster': {
      fields: { name: 'string', weight: 'number', clusterHeader: 'string', typedPerFilterConfig: { map: 'packed' } },
    },
    'gateway-api.AllowedRoutes': {
      fields: {
        namespaces: {
          fields: {
            from: 'string',
            selector: {
              fields: {
                matchLabels: { map: 'string' },
                matchExpressions: {
                  list: {
                    fields: { key: 'string', operator: 'string', values: { list: 'string' } },
                    needs: ['key', 'operator'],
                  },
                },
              },
            },
          },
        },
        kinds: { list: { fields: { group: 'string', kind: 'string' }, needs: ['kind'] } },
      },
    },
    'gateway-api.Condition': {
      fields: {
        type: 'string',
        status: 'string',
        reason: 'string',
        message: 'string',
        lastTransitionTime: 'string',
        observedGeneration: { either: ['number', 'string'] },
      },
      needs: ['type', 'status'],
    },
    'gateway-api.Listener': {
      fields: {
        name: 'string',
        port: 'number',
        protocol: 'string',
        hostname: 'string',
        allowedRoutes: { of: 'gateway-api.AllowedRoutes' },
        tls: { fields: { mode: 'string', certificateRefs: { list: { of: 'gateway-api.ObjectReference' } } } },
      },
      needs: ['name', 'port'],
    },
    'gateway-api.ListenerStatus': {
      fields: { name: 'string', attachedRoutes: 'number', conditions: { list: { of: 'gateway-api.Condition' } } },
      needs: ['name'],
    },
    'gateway-api.ObjectReference': {
      fields: {
        group: 'string',
        kind: 'string',
        namespace: 'string',
        name: 'string',
        port: 'number',
        sectionName: 'string',
        weight: 'number',
        filters: { list: { fields: { type: 'string' } } },
      },
      needs: ['name'],
    },
    'gateway-api.RouteStatus': {
      fields: {
        parents: {
          list: {
            fields: {
              parentRef: { of: 'gateway-api.ObjectReference' },
              controllerName: 'string',
              conditions: { list: { of: 'gateway-api.Condition' } },
            },
          },
        },
      },
    },
    'gateway-api.ValueMatch': { fields: { name: 'string', value: 'string', type: 'string' }, needs: ['name', 'value'] },
    'http-filters.Fault': {
      fields: {
        abort: {
          fields: { httpStatus: 'number', grpcStatus: 'number', percentage: { of: 'envoy.FractionalPercent' } },
        },
        delay: { fields: { fixedDelay: 'string', percentage: { of: 'envoy.FractionalPercent' } } },
        upstreamCluster: 'string',
        headers: { list: { of: 'envoy.HeaderMatcher' } },
      },
    },
    'http-filters.JwtAuthentication': {
      fields: {
        providers: { map: { of: 'http-filters.JwtProvider' } },
        rules: {
          list: { fields: { match: { of: 'envoy.RouteMatch' }, requires: { of: 'http-filters.Requirement' } } },
        },
      },
    },
    'http-filters.JwtProvider': {
      fields: {
        fromHeaders: { list: { fields: { name: 'string' } } },
        fromParams: { list: 'string' },
        fromCookies: { list: 'string' },
      },
    },
    'http-filters.Requirement': {
      fields: {
        providerName: 'string',
        providerAndAudiences: { fields: { providerName: 'string' } },
        requiresAny: { fields: { requirements: { list: { of: 'http-filters.Requirement' } } } },
        requiresAll: { fields: { requirements: { list: { of: 'http-filters.Requirement' } } } },
      },
    },
    'network-filters.HttpConnectionManager': {
      fields: {
        statPrefix: 'string',
        rds: { fields: { routeConfigName: 'string' } },
        routeConfig: { of: 'envoy.RouteConfiguration' },
        httpFilters: { list: { of: 'envoy.HttpFilter' } },
        maxRequestHeadersKb: 'number',
        commonHttpProtocolOptions: { fields: { maxHeadersCount: 'number' } },
        normalizePath: 'boolean',
        mergeSlashes: 'boolean',
        pathWithEscapedSlashesAction: 'string',
        stripMatchingHostPort: 'boolean',
        stripAnyHostPort: 'boolean',
        stripTrailingHostDot: 'boolean',
        accessLog: { list: { fields: { name: 'string' } } },
      },
    },
    'network-filters.TcpProxy': {
      fields: {
        cluster: 'string',
        weightedClusters: { fields: { clusters: { list: { of: 'envoy.WeightedCluster' } } } },
        accessLog: { list: { fields: { name: 'string' } } },
      },
    },
    'objects.AuthorizationRule': {
      fields: {
        from: {
          list: {
            fields: {
              source: {
                fields: {
                  principals: { list: 'string' },
                  notPrincipals: { list: 'string' },
                  requestPrincipals: { list: 'string' },
                  notRequestPrincipals: { list: 'string' },
                  namespaces: { list: 'string' },
                  notNamespaces: { list: 'string' },
                  serviceAccounts: { list: 'string' },
                  notServiceAccounts: { list: 'string' },
                  ipBlocks: { list: 'string' },
                  notIpBlocks: { list: 'string' },
                  remoteIpBlocks: { list: 'string' },
                  notRemoteIpBlocks: { list: 'string' },
                },
              },
            },
          },
        },
        to: {
          list: {
            fields: {
              operation: {
                fields: {
                  hosts: { list: 'string' },
                  notHosts: { list: 'string' },
                  ports: { list: 'string' },
                  notPorts: { list: 'string' },
                  methods: { list: 'string' },
                  notMethods: { list: 'string' },
                  paths: { list: 'string' },
                  notPaths: { list: 'string' },
                },
              },
            },
          },
        },
        when: {
          list: {
            fields: { key: 'string', values: { list: 'string' }, notValues: { list: 'string' } },
            needs: ['key'],
          },
        },
      },
    },
    'objects.ClientTls': { fields: { mode: 'string' } },
    'objects.ClusterEvent': {
      fields: {
        type: 'string',
        reason: 'string',
        message: 'string',
        count: 'number',
        lastTimestamp: 'string',
        eventTime: 'string',
        involvedObject: { fields: { kind: 'string', namespace: 'string', name: 'string' } },
        apiVersion: 'string',
        kind: 'string',
        metadata: { of: 'objects.Metadata' },
      },
      needs: ['kind', 'metadata'],
    },
    'objects.ConfigMap': {
      fields: { data: { map: 'string' }, apiVersion: 'string', kind: 'string', metadata: { of: 'objects.Metadata' } },
      needs: ['kind', 'metadata'],
    },
    'objects.Container': {
      fields: {
        name: 'string',
        securityContext: { of: 'objects.SecurityContext' },
        image: 'string',
        args: { list: 'string' },
        restartPolicy: 'string',
        ports: {
          list: {
            fields: { name: 'string', containerPort: 'number', hostPort: 'number', protocol: 'string' },
            needs: ['containerPort'],
          },
        },
        readinessProbe: { of: 'objects.Probe' },
        startupProbe: { of: 'objects.Probe' },
        env: { list: { fields: { name: 'string', value: 'string' }, needs: ['name'] } },
        lifecycle: { fields: { preStop: { of: 'objects.PreStop' } } },
      },
      needs: ['name'],
    },
    'objects.ContainerState': {
      fields: {
        waiting: { fields: { reason: 'string', message: 'string' } },
        running: { fields: { startedAt: 'string' } },
        terminated: { fields: { reason: 'string', message: 'string', exitCode: 'number', finishedAt: 'string' } },
      },
    },
    'objects.ContainerStatus': {
      fields: {
        name: 'string',
        ready: 'boolean',
        started: 'boolean',
        restartCount: 'number',
        image: 'string',
        state: { of: 'objects.ContainerState' },
        lastState: { of: 'objects.ContainerState' },
      },
      needs: ['name'],
    },
    'objects.Destination': {
      fields: { host: 'string', subset: 'string', port: { fields: { number: 'number' } } },
      needs: ['host'],
    },
    'objects.EndpointSlice': {
      fields: {
        endpoints: {
          list: {
            fields: {
              addresses: { list: 'string' },
              conditions: { fields: { ready: 'boolean', serving: 'boolean', terminating: 'boolean' } },
              targetRef: { fields: { kind: 'string', namespace: 'string', name: 'string' } },
            },
          },
        },
        ports: { list: { fields: { name: 'string', port: 'number', protocol: 'string', appProtocol: 'string' } } },
        apiVersion: 'string',
        kind: 'string',
        metadata: { of: 'objects.Metadata' },
      },
      needs: ['kind', 'metadata'],
    },
    'objects.EnvoyPatch': {
      fields: {
        applyTo: 'string',
        match: {
          fields: {
            context: 'string',
            cluster: { fields: { name: 'string', service: 'string', subset: 'string' } },
            routeConfiguration: { fields: { name: 'string' } },
          },
        },
        patch: { fields: { operation: 'string', value: { map: 'unknown' } } },
      },
    },
    'objects.GatewayServer': {
      fields: {
        hosts: { list: 'string' },
        port: { fields: { number: 'number', name: 'string', protocol: 'string' }, needs: ['number'] },
        tls: { fields: { mode: 'string', credentialName: 'string', httpsRedirect: 'boolean' } },
      },
    },
    'objects.HttpMatch': {
      fields: {
        name: 'string',
        uri: { fields: { exact: 'string', prefix: 'string', regex: 'string' } },
        method: { fields: { exact: 'string', prefix: 'string', regex: 'string' } },
        authority: { fields: { exact: 'string', prefix: 'string', regex: 'string' } },
        scheme: { fields: { exact: 'string', prefix: 'string', regex: 'string' } },
        headers: { map: { fields: { exact: 'string', prefix: 'string', regex: 'string' } } },
        withoutHeaders: { map: { fields: { exact: 'string', prefix: 'string', regex: 'string' } } },
        queryParams: { map: { fields: { exact: 'string', prefix: 'string', regex: 'string' } } },
        port: 'number',
        gateways: { list: 'string' },
        sourceLabels: { map: 'string' },
        sourceNamespace: 'string',
        ignoreUriCase: 'boolean',
      },
    },
    'objects.HttpRoute': {
      fields: {
        name: 'string',
        match: { list: { of: 'objects.HttpMatch' } },
        route: { list: { of: 'objects.RouteDestination' } },
        delegate: { fields: { name: 'string', namespace: 'string' } },
        timeout: 'string',
        mirror: { of: 'objects.Destination' },
        mirrors: { list: { fields: { destination: { of: 'objects.Destination' } }, needs: ['destination'] } },
      },
    },
    'objects.JwtRule': {
      fields: { issuer: 'string', audiences: { list: 'string' }, jwks: 'string', jwksUri: 'string' },
    },
    'objects.L4Route': {
      fields: {
        match: { list: { fields: { port: 'number', sniHosts: { list: 'string' }, gateways: { list: 'string' } } } },
        route: { list: { of: 'objects.RouteDestination' } },
      },
    },
    'objects.LabelSelector': {
      fields: {
        matchLabels: { map: 'string' },
        matchExpressions: {
          list: {
            fields: { key: 'string', operator: 'string', values: { list: 'string' } },
            needs: ['key', 'operator'],
          },
        },
      },
    },
    'objects.Metadata': {
      fields: {
        name: 'string',
        namespace: 'string',
        uid: 'string',
        resourceVersion: 'string',
        generation: 'number',
        creationTimestamp: 'string',
        deletionTimestamp: 'string',
        deletionGracePeriodSeconds: 'number',
        labels: { map: 'string' },
        annotations: { map: 'string' },
        managedFields: {
          list: { fields: { manager: 'string', operation: 'string', subresource: 'string', time: 'string' } },
        },
        ownerReferences: {
          list: { fields: { kind: 'string', name: 'string', controller: 'boolean' }, needs: ['kind', 'name'] },
        },
      },
      needs: ['name'],
    },
    'objects.MutatingWebhookConfiguration': {
      fields: {
        webhooks: {
          list: {
            fields: {
              name: 'string',
              failurePolicy: 'string',
              clientConfig: {
                fields: {
                  url: 'string',
                  service: { fields: { name: 'string', namespace: 'string' }, needs: ['name', 'namespace'] },
                },
              },
            },
            needs: ['name'],
          },
        },
        apiVersion: 'string',
        kind: 'string',
        metadata: { of: 'objects.Metadata' },
      },
      needs: ['kind', 'metadata'],
    },
    'objects.MutualTls': { fields: { mode: 'string' } },
    'objects.NetworkPeer': {
      fields: {
        podSelector: { of: 'objects.LabelSelector' },
        namespaceSelector: { of: 'objects.LabelSelector' },
        ipBlock: { fields: { cidr: 'string', except: { list: 'string' } }, needs: ['cidr'] },
      },
    },
    'objects.NetworkPort': {
      fields: { protocol: 'string', port: { either: ['number', 'string'] }, endPort: 'number' },
    },
    'objects.PreStop': {
      fields: {
        sleep: { fields: { seconds: 'number' } },
        exec: { fields: { command: { list: 'string' } } },
        httpGet: { fields: { path: 'string' } },
      },
    },
    'objects.Probe': { fields: { initialDelaySeconds: 'number', periodSeconds: 'number', failureThreshold: 'number' } },
    'objects.RouteDestination': {
      fields: { destination: { of: 'objects.Destination' }, weight: 'number' },
      needs: ['destination'],
    },
    'objects.SecurityContext': { fields: { runAsUser: 'number', runAsGroup: 'number' } },
    'objects.ServicePort': {
      fields: {
        name: 'string',
        port: 'number',
        targetPort: { either: ['number', 'string'] },
        protocol: 'string',
        appProtocol: 'string',
        nodePort: 'number',
      },
      needs: ['port'],
    },
    'objects.Subset': {
      fields: { name: 'string', labels: { map: 'string' }, trafficPolicy: { of: 'objects.TrafficPolicy' } },
      needs: ['name'],
    },
    'objects.TargetReference': {
      fields: { group: 'string', kind: 'string', namespace: 'string', name: 'string', sectionName: 'string' },
      needs: ['name'],
    },
    'objects.TrafficPolicy': {
      fields: {
        tls: { of: 'objects.ClientTls' },
        portLevelSettings: {
          list: { fields: { port: { fields: { number: 'number' } }, tls: { of: 'objects.ClientTls' } } },
        },
      },
    },
    'packed.RbacFilter': {
      fields: { rules: { of: 'rbac.Rbac' }, shadowRules: { of: 'rbac.Rbac' }, shadowRulesStatPrefix: 'string' },
    },
    'proxy-status.DiscoveryStatus': {
      fields: {
        resources: {
          list: {
            fields: {
              node: {
                fields: { id: 'string', metadata: { fields: { ISTIO_VERSION: 'string', NAMESPACE: 'string' } } },
              },
              genericXdsConfigs: {
                list: {
                  fields: {
                    typeUrl: 'string',
                    configStatus: 'string',
                    lastUpdated: 'string',
                    errorState: { fields: { details: 'string' } },
                  },
                },
              },
            },
          },
        },
        controlPlane: { fields: { identifier: 'string' } },
      },
    },
    'rbac.MetadataMatcher': {
      fields: { filter: 'string', path: { list: { fields: { key: 'string' } } }, invert: 'boolean' },
    },
    'rbac.Permission': {
      fields: {
        andRules: { fields: { rules: { list: { of: 'rbac.Permission' } } } },
        orRules: { fields: { rules: { list: { of: 'rbac.Permission' } } } },
        notRule: { of: 'rbac.Permission' },
        destinationIp: { of: 'envoy.AddressRange' },
        destinationPort: 'number',
        destinationPortRange: { fields: { start: 'number', end: 'number' } },
        requestedServerName: { of: 'envoy.StringMatcher' },
        any: 'boolean',
        header: { of: 'envoy.HeaderMatcher' },
        urlPath: { fields: { path: { of: 'envoy.StringMatcher' } } },
        metadata: { of: 'rbac.MetadataMatcher' },
      },
    },
    'rbac.Policy': {
      fields: { permissions: { list: { of: 'rbac.Permission' } }, principals: { list: { of: 'rbac.Principal' } } },
    },
    'rbac.Principal': {
      fields: {
        andIds: { fields: { ids: { list: { of: 'rbac.Principal' } } } },
        orIds: { fields: { ids: { list: { of: 'rbac.Principal' } } } },
        notId: { of: 'rbac.Principal' },
        authenticated: { fields: { principalName: { of: 'envoy.StringMatcher' } } },
        directRemoteIp: { of: 'envoy.AddressRange' },
        remoteIp: { of: 'envoy.AddressRange' },
        sourceIp: { of: 'envoy.AddressRange' },
        filterState: { fields: { key: 'string', stringMatch: { of: 'envoy.StringMatcher' } } },
        any: 'boolean',
        header: { of: 'envoy.HeaderMatcher' },
        urlPath: { fields: { path: { of: 'envoy.StringMatcher' } } },
        metadata: { of: 'rbac.MetadataMatcher' },
      },
    },
    'rbac.Rbac': { fields: { action: 'string', policies: { map: { of: 'rbac.Policy' } } } },
    'self-answering.Authorizer': {
      fields: {
        failureModeAllow: 'boolean',
        statusOnError: { fields: { code: { either: ['number', 'string'] } } },
        filterEnabledMetadata: { fields: { filter: 'string' } },
        grpcService: { fields: { envoyGrpc: { fields: { clusterName: 'string' } } } },
        httpService: { fields: { serverUri: { fields: { cluster: 'string' } } } },
      },
    },
    'self-answering.LocalRateLimit': {
      fields: {
        tokenBucket: { fields: { maxTokens: 'number', tokensPerFill: 'number', fillInterval: 'string' } },
        filterEnabled: { fields: { defaultValue: { fields: { numerator: 'number', denominator: 'string' } } } },
        filterEnforced: { fields: { defaultValue: { fields: { numerator: 'number', denominator: 'string' } } } },
        descriptors: { list: 'unknown' },
      },
    },
    'self-answering.Service': {
      fields: {
        grpcService: { fields: { envoyGrpc: { fields: { clusterName: 'string' } } } },
        httpService: { fields: { serverUri: { fields: { cluster: 'string' } } } },
      },
    },
    'transport.TlsContext': {
      fields: {
        commonTlsContext: {
          fields: {
            alpnProtocols: { list: 'string' },
            tlsCertificateSdsSecretConfigs: { list: { fields: { name: 'string' } } },
          },
        },
        requireClientCertificate: 'boolean',
      },
    },
    'transport.UpstreamTls': {
      fields: {
        sni: 'string',
        commonTlsContext: {
          fields: {
            alpnProtocols: { list: 'string' },
            tlsCertificateSdsSecretConfigs: { list: { fields: { name: 'string' } } },
            tlsCertificates: { list: 'unknown' },
          },
        },
      },
    },
  },
}
