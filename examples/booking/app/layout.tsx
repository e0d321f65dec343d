import type { Metadata, Viewport } from 'next'
import Link from 'next/link'
import type { ReactNode } from 'react'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'redlatch, demonstrated', template: '%s · Lindqvist & Co.' },
  description: 'One payment, however often it is clicked, with Redis or without',
}

export const viewport: Viewport = { colorScheme: 'light dark' }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#content">
          Skip to content
        </a>
        <header className="bar">
          <Link className="brand" href="/book">
            Lindqvist <span>&amp;</span> Co.
          </Link>
          <nav aria-label="Main">
            <Link href="/">Demonstration</Link>
            <Link href="/book">Book</Link>
            <Link href="/status">Status</Link>
            <Link href="/account">Account</Link>
          </nav>
        </header>
        <main id="content">{children}</main>
      </body>
    </html>
  )
}
