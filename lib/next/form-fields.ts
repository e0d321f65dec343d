/** React adds fields with these names to the form of a server action; they differ from one rendering to the next. */
const REACT_FIELD = /^\$ACTION_/

/** The fields of a form for a fingerprint: in their order, files by their name, type and size. */
export function formFields(form: FormData): unknown[] {
  return [...form]
    .filter(([name]) => !REACT_FIELD.test(name))
    .map(([name, value]) =>
      typeof value === 'string' ? [name, value] : [name, value.name, value.type, value.size],
    )
}
