using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace Tandem.Server.Http;

/// <summary>
/// Compresses the answers where it pays: a list of 100 shrinks to a twentieth, while a single referral fits into a few
/// packets and would cost more time than it saves.
/// </summary>
internal static class Compression
{
    public static IServiceCollection AddCompression(this IServiceCollection services) => services
        .Configure<BrotliCompressionProviderOptions>(static brotli => brotli.Level = CompressionLevel.Fastest)
        .Configure<GzipCompressionProviderOptions>(static gzip => gzip.Level = CompressionLevel.Fastest)
        .AddResponseCompression(static compression =>
        {
            // What is compressed holds nothing that an attacker chose beside a secret that a browser sent by itself.
            compression.EnableForHttps = true;
            compression.MimeTypes = ["application/json", "application/xml"];
        });

    public static IApplicationBuilder UseCompression(this IApplicationBuilder app) => app.UseWhen(
        static context => context.GetEndpoint()?.Metadata.GetMetadata<CompressedMetadata>() is not null,
        static branch => branch.UseResponseCompression());

    /// <summary>Answers of the endpoint are long, and compressed for clients that say they understand it.</summary>
    public static TBuilder Compress<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new CompressedMetadata());

    private sealed record CompressedMetadata;
}
