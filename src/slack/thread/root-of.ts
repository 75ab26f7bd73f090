import { readPost } from '../../store/posts.ts'
import { MESSAGES_OF_RUN, type ThreadDeps } from './thread-deps.ts'

/** Where a run's message stands; undefined when it was never posted. */
export async function rootOf({ records }: Pick<ThreadDeps, 'records'>, run: string): Promise<string | undefined> {
  const posts = await Promise.all(MESSAGES_OF_RUN.map((part) => readPost(records, run, part)))
  return posts.findLast((post) => post?.ts !== undefined)?.ts
}
