// pgx with its pool over TLS: each new connection reads the agent's token anew.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	ctx := context.Background()
	config := must(pgxpool.ParseConfig(fmt.Sprintf("host=localhost port=%s user=whoever dbname=postgres sslmode=verify-full sslrootcert=%s pool_max_conns=4", os.Getenv("PGPORT"), os.Getenv("CA"))))
	config.BeforeConnect = func(_ context.Context, one *pgx.ConnConfig) error {
		token, err := os.ReadFile(os.Getenv("TOKEN_FILE"))
		one.Password = string(token)
		return err
	}
	pool := must(pgxpool.NewWithConfig(ctx, config))
	defer pool.Close()
	who := func(c *pgxpool.Conn) (said string) {
		must(0, c.QueryRow(ctx, "select current_user || ' ' || current_setting('application_name')").Scan(&said))
		return said
	}
	first := must(pool.Acquire(ctx))
	before := who(first)
	time.Sleep(time.Duration(must(strconv.Atoi(os.Getenv("OUTLIVE_S")))) * time.Second)
	second := must(pool.Acquire(ctx))
	if who(second) != before || who(first) != before || pool.Stat().TotalConns() < 2 {
		fmt.Fprintln(os.Stderr, "another identity, or no second connection")
		os.Exit(1)
	}
	second.Release()
	first.Release()
	fmt.Println(before)
}
