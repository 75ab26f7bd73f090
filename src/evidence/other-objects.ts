/** The objects of one kind that no reading here understands. */
export interface OtherObjects {
  /** As kubectl names it, `rollouts.argoproj.io`. */
  resource: string
  objects: OtherObject[]
  /** Objects that were there beyond those kept. */
  left: number
  /** Why they could not be read. */
  unseen?: string
}

/** An object of which nothing but whom it names is looked at. */
export interface OtherObject {
  kind: string
  metadata: { name: string; namespace?: string }
  spec?: unknown
}
