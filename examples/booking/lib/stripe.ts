import { createHash } from 'node:crypto'
import Stripe from 'stripe'
import { type Booking, event } from './booking'
import { CustomerCache } from './redis'

/** Stripe itself with a key, otherwise the stand-in that `start.mjs` runs. Made by the first call: a build has neither. */
let client: Stripe | undefined
function stripe(): Stripe {
  client ??= new Stripe(process.env.STRIPE_SECRET_KEY ?? 'sk_test_stand_in', {
    // Both attempts together end before the claim of the form does.
    timeout: 15_000,
    maxNetworkRetries: 1,
    ...standIn(),
  })
  return client
}

function standIn(): Stripe.StripeConfig {
  if (process.env.STRIPE_SECRET_KEY) return {}
  if (!process.env.STRIPE_STAND_IN_URL)
    throw new Error('Set STRIPE_SECRET_KEY, or start the app with npm run dev.')
  const { hostname, port } = new URL(process.env.STRIPE_STAND_IN_URL)
  return { protocol: 'http', host: hostname, port }
}

/** The Stripe customer of a user or an e-mail address: from the cache if it is known, otherwise a new one. */
export async function getOrCreateStripeCustomer(
  userId?: string,
  email?: string,
  name?: string,
): Promise<string> {
  const address = email?.trim().toLowerCase()
  const known =
    (userId && (await CustomerCache.getCustomerByUserId(userId))) ||
    (address && (await CustomerCache.getCustomerByEmail(address)))
  if (known) return known

  const parameters = { email: address, name, metadata: userId ? { userId } : undefined }
  // Two instances that miss the cache at the same moment get one customer: Stripe knows the key.
  const idempotencyKey = `customer-${createHash('sha256').update(JSON.stringify(parameters)).digest('hex')}`
  const { id, created } = await stripe().customers.create(parameters, { idempotencyKey })

  await Promise.all([
    CustomerCache.setCustomer(id, {
      stripeCustomerId: id,
      email: address ?? '',
      userId,
      name: name ?? null,
      created,
      updatedAt: Date.now(),
    }),
    userId && CustomerCache.setUserMapping(userId, id),
    address && CustomerCache.setEmailMapping(address, id),
  ])
  return id
}

/** Makes a checkout session and returns where the guest pays. A repeat with the same key is the same session. */
export async function createCheckout(
  booking: Booking,
  origin: string,
  idempotencyKey: string,
): Promise<string> {
  const customer = await getOrCreateStripeCustomer(undefined, booking.guestEmail, booking.guestName)
  const { url } = await stripe().checkout.sessions.create(
    {
      mode: 'payment',
      customer,
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: event.price.currency,
            unit_amount: event.price.amount,
            product_data: { name: event.title },
          },
        },
      ],
      metadata: { eventId: booking.eventId, startTime: booking.startTime },
      success_url: `${origin}/booked?session={CHECKOUT_SESSION_ID}`,
      cancel_url: `${origin}/book?cancelled`,
    },
    { idempotencyKey },
  )
  if (!url) throw new Error('Stripe has made a session without an address.')
  return url
}

/** The time that was paid for in a session; `null` if it was not. */
export async function paidTime(sessionId: string): Promise<string | null> {
  const { payment_status: status, metadata } = await stripe().checkout.sessions.retrieve(sessionId)
  return status === 'paid' ? (metadata?.startTime ?? null) : null
}

/** A sentence for the guest about an error of Stripe. What else it says is for the log. */
export function describeFailure(error: unknown): string {
  if (error instanceof Stripe.errors.StripeCardError) return error.message
  return 'The payment provider did not answer as it should.'
}
