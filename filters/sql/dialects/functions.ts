import type { Reach } from '../facts.js';

/**
 * Functions that the dialects have of their own, beside those that PostgreSQL knows by the same name. They compute, and reach nothing. What stands in
 * no list is unknown, and so opaque.
 */
const WORDS = `
abs accurate_cast add_months adddate addtime aes_decrypt aes_encrypt aggregate any_value any anylast approx_count_distinct approx_distinct approx_percentile approx_quantiles
approx_set approx_top_count approx_top_sum arbitrary arg_max arg_min argmax argmin array array_agg array_compact array_concat array_contains array_distinct array_except array_flatten
array_intersect array_join array_length array_max array_min array_position array_remove array_repeat array_reverse array_size array_slice array_sort array_sum
array_to_string array_union array_unique_agg arraycompact arraycount arraydistinct arrayelement arrayenumerate arrayexists arrayfilter arrayfirst arrayjoin arraymap arrayreverse
arrayslice arraysort arraystringconcat arraysum arrays_overlap arrays_zip asin atan2 avgif avgweighted base64 base64_decode_string base64_encode bin bit_and bit_count bit_or bit_xor bitand
bitor bitxor bool_and bool_or boolor_agg booland_agg bround byte_length cardinality cast cbrt ceil ceiling char char_length character_length charindex checksum_agg chr coalesce
code_points_to_string collect_list collect_set concat concat_ws contains contains_substr conv convert convert_timezone corr cosine_similarity count count_big count_if countif counteq
covar_pop covar_samp cume_dist current_catalog current_database current_schema current_role current_warehouse cut date date_add date_diff date_format date_from_parts date_from_unix_date
date_parse date_part date_sub date_trunc dateadd datediff datefromparts datename datepart datetime datetime_add datetime_diff datetime_sub datetime_trunc day dayname dayofmonth dayofweek
dayofyear decode degrees dense_rank div divide dow doy element_at elt empty encode endswith endswithutf8 ends_with eomonth equal_null every exp explode explode_outer extract farm_fingerprint
field filter find_in_set first first_value flatten floor forall format format_date format_datetime format_timestamp format_number formatdatetime formatreadablesize from_base from_base64
from_big_endian_64 from_hex from_iso8601_date from_iso8601_timestamp from_json from_unixtime from_utc_timestamp fromunixtimestamp generate_array generate_date_array
generate_timestamp_array generate_uuid get get_json_object get_path getdate greatest greatest_ignore_nulls group_concat grouparray groupuniqarray grouping grouping_id hash hash_agg
hex histogram hour iff if ifnull ilike in indexof ingestion_time initcap inline inline_outer input_file_name insert instr int64 intdiv intersects iscurrent isdate isnan isnotnull
isnull isnumeric json_arrayagg json_array_elements json_array_get json_array_length json_exists json_extract json_extract_array json_extract_path_text json_extract_scalar json_format json_object_keys
json_parse json_query json_query_array json_set json_size json_type json_unquote json_value jsonextract jsonextractfloat jsonextractint jsonextractstring jsonextractraw jsonhas kurtosis lag last last_day last_value lax_bool lax_int64
lax_string lcase lead least least_ignore_nulls left len length lengthutf8 levenshtein like like_regex listagg ln locate log log10 log1p log2 logical_and logical_or lower lowerutf8
lpad ltrim make_date make_timestamp map map_agg map_concat map_filter map_from_arrays map_from_entries map_keys map_values mapkeys mapvalues mask match max max_by maxif md5 md5_hex median
microsecond min min_by minif minute mod mode month monthname months_between multiif multisearchany named_struct nanvl negate net.host net.reg_domain next_day normalize now nth_value ntile nullif nullifzero nvl nvl2
object_agg object_construct object_delete object_insert object_keys object_keys octet_length ordinal overlay parse_date parse_datetime parse_json parse_numeric parse_timestamp
parse_url parsedatetimebesteffort percent_rank percentile percentile_approx percentile_cont percentile_disc period_add period_diff pi pmod pos_explode posexplode position pow power
qualify quantile quantileexact quantiles quarter radians rand random range_bucket rank ratio_to_report reduce regexp regexp_contains regexp_count regexp_extract regexp_extract_all
regexp_instr regexp_like regexp_replace regexp_split regexp_substr regr_slope repeat replace replaceall replaceone replaceregexpall reverse reverseutf8 right rint rlike round row row_number rpad rtrim safe_add
safe_cast safe_divide safe_multiply safe_negate safe_offset safe_ordinal safe_subtract sec second sequence session_user sha sha1 sha2 sha256 sha512 shuffle sign sin size slice
sort_array soundex split split_part split_to_table splitbychar splitbystring sqrt square st_area st_asgeojson st_astext st_contains st_distance st_dwithin st_geogfromtext st_geogpoint
st_intersects st_length st_within st_x st_y starts_with startswith std stddev stddev_pop stddev_samp stddevpop stddevsamp str_to_date str_to_map strcmp strftime string string_agg string_split
strpos strptime strtok strtok_to_array struct stuff subdate substr substring substring_index substringutf8 sumif sum sysdate systimestamp tan tanh time time_add time_diff time_format time_sub time_to_sec
time_trunc timediff timestamp timestamp_add timestamp_diff timestamp_from_parts timestamp_micros timestamp_millis timestamp_ntz_from_parts timestamp_seconds timestamp_sub timestamp_trunc
timestampadd timestampdiff timezone_hour timezone_minute to_array to_base to_base32 to_base64 to_binary to_boolean to_char to_code_points to_date to_days to_decimal to_double to_hex to_iso8601 to_json
to_json_string to_number to_object to_time to_timestamp to_timestamp_ltz to_timestamp_ntz to_timestamp_tz to_unixtime to_utc_timestamp to_varchar to_variant todate todatetime todecimal64
todayofweek tofloat32 tofloat64 tohour toint16 toint32 toint64 tointervalday tolowcardinality tomonday tomonth toquarter tosecond tostartofday tostartofhour tostartofinterval
tostartofminute tostartofmonth tostartofweek tostartofyear tostring touint16 touint32 touint64 touint8 tounixtimestamp touuid toyear toyyyymm toyyyymmdd today top topk transform transform_keys transform_values translate
trim trunc truncate try try_base64_decode_string try_cast try_parse_json try_to_boolean try_to_date try_to_decimal try_to_double try_to_number try_to_time try_to_timestamp trycast trydivide try_divide try_add try_subtract try_multiply typeof
ucase unbase64 unhex unicode uniq uniqcombined uniqexact uniqhll12 unix_date unix_micros unix_millis unix_seconds unix_timestamp unnest upper upperutf8 url_decode url_encode url_extract_host
url_extract_parameter url_extract_path url_extract_query utc_timestamp uuid uuid_string value values var_pop var_samp variance varpop varsamp week weekday weekiso weekofyear width_bucket word_stem
xxhash64 year yearofweek yearweek yesterday yow zeroifnull zip zip_with zipWith offset
date_bucket julianday unixepoch datetime total glob iif likely unlikely nullif printf quote zeroblob group_concat json json_array json_object json_insert json_replace json_remove json_valid json_each json_tree
lateral_flatten match_against timestampadd makedate maketime sec_to_time from_days format_bytes inet_aton inet_ntoa is_uuid uuid_to_bin bin_to_uuid crc32 crc32b insert_str isnull bit_length char_length
current_date current_time current_timestamp current_datetime localtime localtimestamp score query match dayofyear iso_day_of_week iso_dow iso_week_of_year week_of_year day_of_week day_of_month day_of_year day_name hour_of_day minute_of_day minute_of_hour month_of_year month_name second_of_minute today datetime_format datetime_parse date_parse mad first last kurtosis skewness sum_of_squares
`;

export const COMPUTING: ReadonlySet<string> = new Set(WORDS.toLowerCase().split(/\s+/));

type Reaching = [pattern: RegExp, reaches: readonly Reach[]];

/** Functions, table functions too, that reach beyond their arguments. A dialect that has none of a name is not harmed by it. */
const REACHING: readonly Reaching[] = [
  [
    /^(url|s3|s3cluster|gcs|azureblobstorage|azureblobstoragecluster|hdfs|hdfscluster|iceberg|deltalake|hudi|urlcluster|http_request|http_get|http_post)$/,
    ['network'],
  ],
  [/^(file|filecluster|infile|outfile|load_file|readfile|writefile|read_files|input_file_name|openrowset|fs_dir|edit)$/, ['files']],
  [
    /^(remote|remotesecure|cluster|clusterallreplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|external_query|opendatasource|openquery|remote_query|federated_query|read_kafka|read_pubsub|read_kinesis|read_pulsar)$/,
    ['databases', 'network'],
  ],
  [
    /^(executable|java_method|reflect|try_reflect|ai_query|xp_cmdshell|sp_oacreate|sp_oamethod|load_extension|eval|sys_exec|sys_eval|sp_executesql|xp_dirtree|xp_regwrite|ml_predict)$/,
    ['code'],
  ],
  [/^(dictget.*|dictionary)$/, ['databases']],
  [/^system\$.*/, ['server', 'sessions']],
  [/^(sleep|sleepeachrow|benchmark|get_lock|release_lock|kill_query|pg_sleep|waitfor)$/, ['sessions']],
  [
    /^(result_scan|last_query_id|query_history.*|query_history_by_.*|login_history.*|get_ddl|object_definition|information_schema.*|table_changes|remote_table|merge|mergetreeindex|numbers_mt)$/,
    ['catalog'],
  ],
  [
    /^(secret|try_secret|getsetting|getmacro|getserverport|get_presigned_url|build_scoped_file_url|build_stage_file_url|presigned_url)$/,
    ['settings'],
  ],
];

/** What a function of a dialect reaches; undefined where nothing is known of it. */
export function reachesOf(schema: string, name: string): readonly Reach[] | undefined {
  // Trino's connectors run a text of another server's language.
  if (/(^|\.)system$/.test(schema) && /^(raw_)?query$/.test(name)) return ['databases', 'code'];
  const found = REACHING.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return found[1];
  return schema === '' && COMPUTING.has(name) ? [] : undefined;
}
