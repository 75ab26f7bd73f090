import { CAPTURE_FORMS, type WantedCapture } from '../../fixes/capture-pod.ts'

/** What the one setting of captures is called. */
export const PACKET_CAPTURE = 'packet capture'
/** Its value while nothing captures. */
export const NO_CAPTURE = 'none'

/** `container for 90 s`, `pod for 90 s in mesh-medic-capture`. */
export const captureSetting = ({ form, seconds, namespace }: WantedCapture): string =>
  `${form} for ${seconds} s${form === 'pod' ? ` in ${namespace ?? ''}` : ''}`

/** The same, back; undefined for anything else. */
export function parseCaptureSetting(value: string | undefined): WantedCapture | undefined {
  const [, named, seconds, namespace] = /^([a-z-]+) for (\d{1,4}) s(?: in ([a-z0-9-]+))?$/.exec(value ?? '') ?? []
  const form = CAPTURE_FORMS.find((one) => one === named)
  if (form === undefined || (form === 'pod') !== (namespace !== undefined)) return undefined
  return { form, seconds: Number(seconds), ...(namespace !== undefined && { namespace }) }
}

const FORMS: Readonly<Record<WantedCapture['form'], string>> = {
  container: 'by a container added to the pod',
  'plain-container': 'by a container added to the pod, with the rights its runtime gives',
  pod: 'by a pod on the same node',
}

/** For people: `packets are captured by a container added to the pod`. */
export function captureSettingText(value: string | undefined): string {
  const wanted = parseCaptureSetting(value)
  return wanted === undefined ? 'no capture' : `packets are captured ${FORMS[wanted.form]}`
}
