/** Whether a matcher takes a request. `maybe`: it asks for something that is not known of this request, or is not understood here. */
export type Taken = 'yes' | 'no' | 'maybe'

export const taken = (fact: boolean): Taken => (fact ? 'yes' : 'no')

/** True of all: one `no` decides, then one `maybe`. */
export function every(parts: readonly Taken[]): Taken {
  return parts.includes('no') ? 'no' : parts.includes('maybe') ? 'maybe' : 'yes'
}

/** True of any: one `yes` decides, then one `maybe`. */
export function some(parts: readonly Taken[]): Taken {
  return parts.includes('yes') ? 'yes' : parts.includes('maybe') ? 'maybe' : 'no'
}

export const not = (part: Taken): Taken => (part === 'yes' ? 'no' : part === 'no' ? 'yes' : 'maybe')
