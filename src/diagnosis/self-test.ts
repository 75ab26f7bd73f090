/** One thing the self-test tried. */
export interface SelfTestItem {
  /** `list pods`, `istioctl version`. */
  name: string
  ok: boolean
  /** What was seen. */
  says: string
  /** What to do about a failure. */
  remedy?: string
}
