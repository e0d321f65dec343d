// The types of the package. They are made from lib/ by `npm run build`.

export * from './dist/index.js'
export { default } from './dist/index.js'
