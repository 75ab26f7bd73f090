import { Registry } from '../../mesh/registry.ts'
import { ofKinds } from './fact.ts'

/** What Services and ServiceEntries register: made once, however many routes are held against it. */
export const registryOf = ofKinds(
  ['services', 'service-entries'],
  (evidence) => new Registry(evidence.objects('services'), evidence.objects('service-entries')),
)
