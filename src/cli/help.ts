/** Owns the help text. */

export const HELP = `Torus, a multi-core Layer 7 edge gateway

Usage: torus [command] [options]

Commands
  run      serve (the default)
  dev      serve with a self-signed certificate, a random secret and an embedded echo upstream
  check    validate the configuration by the path that run uses
  token    print a signed test token

Options
  -c, --config FILE     torus.yaml, .json, .ts or .js (run, dev, check)
      --print           also print the configuration as it is understood, without secrets (check)
      --secret SECRET   default: the environment variable JWT_SECRET (token)
      --sub SUBJECT     claim "sub" (token)
      --claim NAME=VALUE  any other claim, may be repeated; VALUE is read as JSON if it is JSON (token)
      --scope SCOPES    claim "scope", space separated (token)
      --expires TIME    30s, 15m, 1h, 7d; default 1h (token)
      --algorithm ALG   HS256 (default), HS384, HS512 (token)
  -h, --help            print this text
  -v, --version         print the version

Without a file the environment alone configures it:
  TORUS_UPSTREAM=http://127.0.0.1:9000 JWT_SECRET=... torus
`;
