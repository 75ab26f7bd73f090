import { isFields } from '../mesh/fields.ts'
/** Fields that are maps: their keys are names that somebody chose, their values messages again. */
const MAPS: ReadonlySet<string> = new Set([
  'clusters_by_name',
  'exact_match_map',
  'headers_map',
  'key_values',
  'map',
  'named_values',
  'policies',
  'prefix_match_map',
  'provider_specific',
  'providers',
  'requirement_map',
  'requires',
  'source_codes',
  'typed_extension_protocol_options',
  'typed_filter_metadata',
  'typed_per_filter_config',
])

/** Fields that are free JSON (google.protobuf.Struct): nothing in them is a name of Envoy's. */
const STRUCTS: ReadonlySet<string> = new Set(['filter_metadata', 'json_format', 'struct_value'])

/** Types whose `value` is free JSON. */
const STRUCT_TYPES = /^type\.googleapis\.com\/(?:google\.protobuf\.Struct|(?:udpa|xds)\.type\.v\d\.TypedStruct)$/

const CAMEL = new Map<string, string>()
/** The names are few and come again and again. */
function camel(name: string): string {
  if (!name.includes('_')) return name
  let known = CAMEL.get(name)
  if (known === undefined)
    CAMEL.set(name, (known = name.replace(/_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase())))
  return known
}

/**
 * Envoy's admin interface names fields as its protocol buffers do, `route_config_name`; istioctl prints the same messages with the names of protobuf's
 * JSON form, `routeConfigName`. Renames them; keys of maps and of free JSON stay as they are.
 */
export function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase)
  if (!isFields(value)) return value
  const isTyped = typeof value['@type'] === 'string' && STRUCT_TYPES.test(value['@type'])
  const renamed: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value))
    renamed[camel(name)] =
      STRUCTS.has(name) || (isTyped && name === 'value')
        ? inner
        : name === 'transport_socket_matches' && Array.isArray(inner)
          ? inner.map(withMatch)
          : MAPS.has(name)
            ? withKeys(inner)
            : inCamelCase(inner)
  return renamed
}

/** What a transport socket is matched by is free JSON; `match` elsewhere is not. */
const withMatch = (socket: unknown): unknown =>
  isFields(socket) && isFields(socket.match)
    ? { ...(inCamelCase({ ...socket, match: undefined }) as object), match: socket.match }
    : inCamelCase(socket)

/** A map, whose keys stay; a list, where the same name is of a list elsewhere. */
function withKeys(value: unknown): unknown {
  if (!isFields(value)) return inCamelCase(value)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inCamelCase(inner)]))
}
