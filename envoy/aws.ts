import { dirname } from 'node:path';
import { typed } from './clusters.js';
import type { AwsSigning } from './options.js';

/** Signs requests (AWS Signature Version 4): the last filter before the router, since nothing may be changed after it. `host`: the name that the request goes out with. */
export function awsFilter({ service, region, file, sign_body }: AwsSigning, host: string | undefined): object {
  return {
    name: 'envoy.filters.http.aws_request_signing',
    typed_config: {
      ...typed('envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning'),
      service_name: service,
      region,
      use_unsigned_payload: !sign_body,
      ...(host === undefined ? {} : { host_rewrite: host }),
      ...(file === undefined ? {} : { credential_provider: fromFile(file) }),
    },
  };
}

/** This file and nothing else: a credential of the environment must not take its place when it is broken. */
const fromFile = (filename: string): object => ({
  custom_credential_provider_chain: true,
  credentials_file_provider: { credentials_data_source: { filename, watched_directory: { path: dirname(filename) } } },
});
