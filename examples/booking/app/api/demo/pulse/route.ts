import { takePulse } from '@/lib/pulse'

/** The page's work for the caches: it writes, so it is a POST. */
export async function POST() {
  return Response.json(await takePulse())
}
