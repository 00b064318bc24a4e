/** Functions and operators of widely used extensions that do not come with PostgreSQL. Harmless ones only: see reach.ts for the others. */

/** Families with a prefix of their own: PostGIS, raster, topology, pgvector's and hypertables' helpers. */
export const EXTENSION_FUNCTION_PATTERNS =
  /^(_?st_[a-z0-9_]+|postgis_[a-z0-9_]+|h3_[a-z0-9_]+|time_bucket(_[a-z]+)?|hll_[a-z_]+|uuid_generate_v[1-5](mc)?)$/;

export const EXTENSION_FUNCTION_WORDS = `box2d box3d geometry geography geometrytype
  cosine_distance inner_product l1_distance l2_distance l2_normalize l2_norm vector_dims vector_norm binary_quantize
  hamming_distance jaccard_distance subvector halfvec sparsevec
  histogram first last interpolate locf approximate_row_count hypertable_size
  set_similarity_limit pg_hint_plan index_advisor uuid_to_ulid gen_ulid uuid_nil uuid_ns_dns uuid_ns_url uuid_ns_oid uuid_ns_x500
  nanoid rum_ts_score rum_ts_distance`;

export const EXTENSION_OPERATOR_WORDS = '<#> <=> <-> <+> <~> <%> <<->> <<#>> |=> <=| |&&& &&& @@@ ~= |>> <<| &<| |&>';
