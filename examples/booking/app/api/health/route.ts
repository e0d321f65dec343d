import { readHealth } from '@/lib/health'

export const dynamic = 'force-dynamic'

/** Always 200: without Redis the app works on, and a platform must not restart it for that. */
export async function GET() {
  return Response.json(await readHealth(), { headers: { 'cache-control': 'no-store' } })
}
