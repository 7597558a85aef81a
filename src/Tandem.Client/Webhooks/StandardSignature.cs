using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tandem.Client.Webhooks;

/// <summary>Checks what the Standard Webhooks specification lays down: HMAC-SHA256 over id, time and body.</summary>
internal sealed class StandardSignature(IEnumerable<string> secrets, TimeSpan tolerance, TimeProvider clock)
{
    public const string Header = "webhook-signature";

    private const string Prefix = "whsec_";
    private const string Version = "v1,";

    private readonly byte[][] _keys = [.. secrets.Select(Key)];

    public WebhookVerdict Check(string signatures, Func<string, string?> header, ReadOnlySpan<byte> body)
    {
        if (header("webhook-id") is not { Length: > 0 } id)
            return new(WebhookProblem.NoId, "The header webhook-id is missing.");
        if (header("webhook-timestamp") is not { } sent
            || !long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return new(
                WebhookProblem.NoTimestamp,
                "The header webhook-timestamp is missing, or is no number of seconds since 1970.");
        }

        // Compared in whole seconds, which is all that was sent; a number of any size stays in range.
        var age = clock.GetUtcNow().ToUnixTimeSeconds() - seconds;
        var tolerated = tolerance.TotalSeconds;
        if (age > tolerated)
            return new(WebhookProblem.TooOld, $"The event was sent {age} s ago; {tolerated} s are tolerated.");
        if (-age > tolerated)
        {
            return new(
                WebhookProblem.TooNew,
                $"The event comes from {-age} s ahead; {tolerated} s are tolerated. Compare the clocks.");
        }

        var candidates = signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Where(s => s.StartsWith(Version, StringComparison.Ordinal) && Base64.IsValid(s.AsSpan(Version.Length)))
            .Select(s => Convert.FromBase64String(s[Version.Length..])).ToList();
        if (candidates.Count == 0)
        {
            return new(
                WebhookProblem.MalformedSignature, $"The header {Header} holds no signature of the form v1,<Base64>.");
        }

        var head = Encoding.UTF8.GetBytes($"{id}.{sent}.");
        foreach (var key in _keys)
        {
            using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            hash.AppendData(head);
            hash.AppendData(body);
            var expected = hash.GetHashAndReset();
            if (candidates.Exists(candidate => CryptographicOperations.FixedTimeEquals(candidate, expected)))
                return WebhookVerifier.Accepted;
        }

        return new(
            WebhookProblem.WrongSignature,
            "None of the secrets makes this signature: the secret is another one, or the body was changed.");
    }

    private static byte[] Key(string secret)
    {
        var text = secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : secret;
        return text.Length > 0 && Base64.IsValid(text)
            ? Convert.FromBase64String(text)
            : throw new ArgumentException("A secret is whsec_ and Base64, as the server has given it.", nameof(secret));
    }
}
