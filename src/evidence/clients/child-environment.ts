/**
 * What a program that is run may know of this process's environment, and why. All else stays here: tokens of Slack, the store's address, keys.
 * Names are compared without their case, as Windows and proxies' variables are written in either.
 */
const ALLOWED: readonly RegExp[] = [
  // Where programs, homes, temporary files and words of a language are.
  /^(?:path|pathext|home|user|username|logname|shell|lang|language|lc_\w+|tz|tmpdir|tmp|temp|systemroot|comspec|userprofile|appdata|localappdata|programdata|xdg_\w+)$/,
  // Which cluster, and how to get there.
  /^(?:kubeconfig|kubernetes_\w+|https?_proxy|no_proxy|all_proxy|ssl_cert_(?:file|dir)|istioctl_\w+|istio_\w+)$/,
  // What the credential plugins of kubeconfigs read: EKS, GKE, AKS, Oracle, Alibaba, DigitalOcean, Teleport.
  /^(?:aws_\w+|google_\w+|cloudsdk_\w+|gcloud_\w+|use_gke_gcloud_auth_plugin|azure_\w+|aad_\w+|msi_\w+|identity_(?:endpoint|header)|oci_\w+|alibaba_cloud_\w+|digitalocean_\w+|teleport_\w+)$/,
]

/** The environment of a child: what is allowed of this process's own, and what is set for it. */
export function childEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  const allowed = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && ALLOWED.some((name) => name.test(entry[0].toLowerCase())),
  )
  return { ...Object.fromEntries(allowed), ...set }
}

/** The environment that the client of Kubernetes has for a credential plugin, which holds all of this process's: what is allowed of that, and what the kubeconfig sets. */
export function pluginEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  meant: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const set = Object.entries(meant).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== own[entry[0]],
  )
  return childEnvironment(own, Object.fromEntries(set))
}
