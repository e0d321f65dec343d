import { hasPlug, setPlug } from '@/lib/plug'

/** Pulls the plug of the demonstration's Redis, or puts it back. */
export async function POST(request: Request) {
  if (!hasPlug()) return Response.json({ error: 'There is no Redis to unplug.' }, { status: 404 })
  const { isIn } = await request.json().catch(() => ({}))
  if (typeof isIn !== 'boolean') return Response.json({ error: 'isIn is missing.' }, { status: 400 })
  await setPlug(isIn)
  return Response.json({ isIn })
}
