/** Documents of a YAML text. The npm form of `@std/yaml` carries no types: they are given in `yaml.d.ts`. */
// @ts-types="./yaml.d.ts"
export { parse as parseYaml, parseAll as parseAllYaml } from "@std/yaml";
