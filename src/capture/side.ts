/** One of the two sides of a stream: 0 is who sent its first packet that was captured. */
export type Side = 0 | 1

export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0)
