// Records a page as an animated PNG.

import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import UPNG from 'upng-js'

/** Enough for text on flat colours, with its edges. */
const COLORS = 64
const FRAME_MS = 300
const LAST_FRAME_MS = 4000

/** Shows `clip` of the page while `act` goes on; writes what was seen to `path`. */
export async function record(page, clip, path, act) {
  const frames = []
  let isActing = true
  const recording = (async () => {
    while (isActing) {
      const at = performance.now()
      frames.push({ at, png: await page.screenshot({ clip }) })
      await pause(Math.max(0, at + FRAME_MS - performance.now()))
    }
  })()
  await act()
  isActing = false
  await recording
  const images = frames.map(({ png }) => UPNG.toRGBA8(UPNG.decode(png))[0])
  const delays = frames.map(({ at }, index) =>
    Math.round(index + 1 < frames.length ? frames[index + 1].at - at : LAST_FRAME_MS),
  )
  writeFileSync(path, Buffer.from(UPNG.encode(images, clip.width, clip.height, COLORS, delays)))
}

/** Clicks as `locator.click()` does, with a mark that shows where. */
export async function clickVisibly(locator) {
  await locator.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const mark = document.createElement('div')
    mark.style.cssText = `position: fixed; left: ${left + Math.min(width / 2, 34) - 14}px; top: ${top + height / 2 - 14}px;
      width: 28px; height: 28px; border-radius: 50%; background: #d2691e99; pointer-events: none`
    document.body.append(mark)
    setTimeout(() => mark.remove(), 800)
  })
  await locator.click()
}
