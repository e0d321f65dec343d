import { FormCache } from 'redlatch'
import { formTests } from '../support/form-tests'

formTests(FormCache)
