import { randomUUID } from 'node:crypto'
import type { CachedCustomerData, CachedSubscriptionData, FormSubmissionData } from 'redlatch'

/** A key that no other test uses. */
export const uniqueKey = (): string => `test-${randomUUID()}`

export const submission: FormSubmissionData = {
  eventId: 'evt_1',
  guestEmail: 'guest@example.com',
  startTime: '2026-01-01T10:00:00Z',
  status: 'processing',
  timestamp: 1767261600000,
}

export const claim: Omit<FormSubmissionData, 'status'> = {
  eventId: 'evt_1',
  guestEmail: 'guest@example.com',
  startTime: '2026-01-01T10:00:00Z',
  timestamp: 1767261600000,
}

export const customer: CachedCustomerData = {
  stripeCustomerId: 'cus_1',
  email: 'guest@example.com',
  userId: 'user_1',
  name: null,
  subscriptions: ['sub_1', 'sub_2'],
  defaultPaymentMethod: 'pm_1',
  created: 1767261600,
  updatedAt: 1767261600000,
}

export const subscription: CachedSubscriptionData = {
  id: 'sub_1',
  customerId: 'cus_1',
  status: 'active',
  priceId: 'price_1',
  productId: 'prod_1',
  currentPeriodEnd: 1769940000,
  cancelAtPeriodEnd: false,
  created: 1767261600,
  updatedAt: 1767261600000,
}
