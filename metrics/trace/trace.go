package trace

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Options say where traces go.
type Options struct {
	// Endpoint is the receiver's URL, as http://127.0.0.1:4318. Without a path it is that of
	// OTLP, /v1/traces.
	Endpoint string
	// Sample is the share of posts that are told, from 0 to 1.
	Sample float64
	// Version and Node are the program's and this process's names.
	Version, Node string
	// Logger is told when the receiver does not take them; nil for nothing.
	Logger *slog.Logger
}

// Tracer tells of posts. Make it with [New]; Close sends what has not been sent.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   oteltrace.Tracer
	sample   sample
	keyless  meetings
}

// New makes a tracer. The receiver need not be there. The error is of an endpoint that is no URL.
func New(ctx context.Context, o Options) (*Tracer, error) {
	at, err := url.Parse(o.Endpoint)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("the endpoint %q is no URL as http://127.0.0.1:4318", o.Endpoint)
	}
	if at.Path == "" || at.Path == "/" {
		at.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(at.String()))
	if err != nil {
		return nil, fmt.Errorf("the exporter of traces: %w", err)
	}
	if o.Logger != nil { // the library has one handler for the whole process
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Logger.Warn("traces are not taken", "err", err) }))
	}
	about := resource.NewSchemaless(
		attribute.String("service.name", "caller"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Node),
	)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(about), sdktrace.WithIDGenerator(idGenerator{}),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // who is told is decided before there is a span
	)
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/caller-chat/caller"), sample: sampleOf(o.Sample)}, nil
}

// Close sends what has not been sent yet, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }
