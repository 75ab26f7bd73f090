import { assertPlaceName, ConflictError, StoreUnavailableError, toJson, type Records } from './records.ts'
import type { Asked } from './taking-turns.ts'

/** Values are text and not jsonb: jsonb refuses U+0000, which logs may hold. Everything is named with its schema: the queue sets the search path. */
const TABLES = `
create schema if not exists mesh_medic;
create sequence if not exists mesh_medic.versions;
create table if not exists mesh_medic.records (
  collection text not null, id text not null, value text not null, version bigint not null, expires_at timestamptz,
  primary key (collection, id));
create index if not exists records_expiry on mesh_medic.records (expires_at) where expires_at is not null;
create table if not exists mesh_medic.entries (
  stream text not null, sequence bigint not null, value text not null,
  primary key (stream, sequence));`

const ALIVE = `(expires_at is null or expires_at > clock_timestamp())`
const EXPIRY = `clock_timestamp() + $4::float8 * interval '1 second'`

const WRITE_ANY = `
insert into mesh_medic.records (collection, id, value, version, expires_at) values ($1, $2, $3, nextval('mesh_medic.versions'), ${EXPIRY})
on conflict (collection, id) do update set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`
const WRITE_ABSENT = `${WRITE_ANY} where records.expires_at <= clock_timestamp()`
const WRITE_EXPECTED = `
update mesh_medic.records set value = $3, version = nextval('mesh_medic.versions'), expires_at = ${EXPIRY}
where collection = $1 and id = $2 and version = $5 and ${ALIVE}`

const APPEND = `
insert into mesh_medic.entries (stream, sequence, value)
select $1, coalesce(max(sequence), 0) + 1, $2 from mesh_medic.entries where stream = $1
having $3::bigint is null or coalesce(max(sequence), 0) = $3::bigint
returning sequence`

const FORGET_EXPIRED = 'delete from mesh_medic.records where expires_at <= clock_timestamp()'
/** Expired rows are invisible at once and deleted at opening and after this many writes. */
const WRITES_BETWEEN_CLEANINGS = 200

interface Row {
  id?: string
  value?: string
  version?: number | string | bigint
  sequence?: number | string | bigint
}

/** Records in PostgreSQL inside the process. Makes its tables when they are absent. The database stays the caller's; `first` is the same, for what is waited for. */
export async function openPgliteRecords(db: Asked, first: Asked = db): Promise<Records> {
  let writes = 0
  const ask = async (operation: string, sql: string, parameters: unknown[] = [], of = db): Promise<Row[]> => {
    try {
      return (await of.query<Row>(sql, parameters)).rows
    } catch (error) {
      throw new StoreUnavailableError(operation, { cause: error })
    }
  }
  await db.exec(`${TABLES}\n${FORGET_EXPIRED}`)

  return {
    async read(collection, id) {
      assertPlaceName(collection)
      const [row] = await ask(
        'read',
        `select value, version from mesh_medic.records where collection = $1 and id = $2 and ${ALIVE}`,
        [collection, id],
      )
      return row && { version: Number(row.version), value: parse(row) }
    },
    async write(collection, id, value, { expected, expiresInSeconds, isWaitedFor = false } = {}) {
      const of = isWaitedFor ? first : db
      assertPlaceName(collection)
      const parameters = [collection, id, toJson(value), expiresInSeconds ?? null]
      if (++writes % WRITES_BETWEEN_CLEANINGS === 0) await ask('forget expired', FORGET_EXPIRED)
      const [row] =
        typeof expected === 'number'
          ? await ask('write', `${WRITE_EXPECTED} returning version`, [...parameters, expected], of)
          : await ask('write', `${expected === 'absent' ? WRITE_ABSENT : WRITE_ANY} returning version`, parameters, of)
      if (!row) throw new ConflictError(collection, id, expected ?? 'absent')
      return Number(row.version)
    },
    async remove(collection, id, { expected } = {}) {
      assertPlaceName(collection)
      const sql = `delete from mesh_medic.records where collection = $1 and id = $2 and ($3::bigint is null or version = $3::bigint) and ${ALIVE} returning version`
      const [row] = await ask('remove', sql, [collection, id, expected ?? null])
      if (!row && expected !== undefined) throw new ConflictError(collection, id, expected)
      return row !== undefined
    },
    async list(collection) {
      assertPlaceName(collection)
      const rows = await ask(
        'list',
        `select id, value, version from mesh_medic.records where collection = $1 and ${ALIVE}`,
        [collection],
      )
      const found = rows.map((row) => ({ id: row.id ?? '', version: Number(row.version), value: parse(row) }))
      return found.sort((one, other) => (one.id < other.id ? -1 : 1))
    },
    async append(stream, value, expectedLength) {
      assertPlaceName(stream)
      const [row] = await ask('append', APPEND, [stream, toJson(value), expectedLength ?? null])
      if (!row) throw new ConflictError(stream, undefined, expectedLength ?? 0)
      return Number(row.sequence)
    },
    async entries(stream, { from = 1, limit = 1000 } = {}) {
      assertPlaceName(stream)
      const sql =
        'select sequence, value from mesh_medic.entries where stream = $1 and sequence >= $2 order by sequence limit $3'
      return (await ask('entries', sql, [stream, from, Math.max(0, limit)])).map(entry)
    },
    async lastEntry(stream) {
      assertPlaceName(stream)
      const [row] = await ask(
        'last entry',
        'select sequence, value from mesh_medic.entries where stream = $1 order by sequence desc limit 1',
        [stream],
      )
      return row && entry(row)
    },
    async ping() {
      await ask('ping', 'select 1')
    },
    close: () => Promise.resolve(),
  }
}

function parse(row: Row): unknown {
  return JSON.parse(row.value ?? 'null')
}

function entry(row: Row): { sequence: number; value: unknown } {
  return { sequence: Number(row.sequence), value: parse(row) }
}
