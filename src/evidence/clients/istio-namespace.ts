/** Where istioctl looks for istiod and its configuration unless told otherwise. */
export const ISTIO_NAMESPACE = 'istio-system'

/** The arguments that send istioctl to a control plane elsewhere. */
export const inIstioNamespace = (namespace: string | undefined): readonly string[] =>
  namespace === undefined ? [] : ['--istioNamespace', namespace]
