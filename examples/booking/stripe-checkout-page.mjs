// The page on which a guest would pay, if the stand-in were Stripe.

const escapeHtml = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

export function checkoutPage({ id, amount_total: amount, cancel_url: cancel }) {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Pay (stand-in for Stripe)</title>
  <style>
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem; color: #1c2430 }
    a, button { display: inline-block; margin: 0 .75rem .75rem 0; padding: .6rem 1.1rem; border-radius: .5rem; color: #0f5c4d; border: 1px solid; font: inherit; cursor: pointer }
    button { background: #0f5c4d; color: #fff }
    code { overflow-wrap: anywhere; color: #5a6472 }
  </style>
  <h1>Pay €${(amount / 100).toFixed(2)}</h1>
  <p>This page stands in for Stripe. No money moves.</p>
  <form method="post"><button>Pay</button><a href="${escapeHtml(cancel)}">Cancel</a></form>
  <p><code>${escapeHtml(id)}</code></p>
</html>
`
}
