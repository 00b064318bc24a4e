// What the module gives: the first stage of the search, and rows that are masked as most are.
export { anchors } from './anchors';
export { signs } from './signs';
export { rows } from './rows';
