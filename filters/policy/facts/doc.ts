/** What is told of a fact to authors of policies, and to the checks of their conditions. */
export interface FactDoc {
  /** CEL type: string, bool, int, list<…>, map<string, dyn>, dyn, or a type of this table */
  type: string;
  description: string;
  example: string;
  /** all values there are: a comparison with another one can never hold, and is refused at load */
  values?: readonly string[];
  /** always in lower case: a comparison with upper case letters can never hold, and is refused at load */
  lower?: true;
}
