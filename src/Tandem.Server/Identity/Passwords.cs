using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Tandem.Server.Organizations;

namespace Tandem.Server.Identity;

/// <summary>Checks passwords of people and secrets of service clients.</summary>
internal sealed class Passwords(
    OrganizationDirectory directory, IOptions<TandemOptions> tandem, IOptions<IdentityOptions> identity) : IDisposable
{
    private static readonly PasswordHasher<string> Hasher = new();

    // Compared with when there is nobody, so that the time taken does not tell who exists.
    private static readonly Lazy<string> Nobody = new(() => Hash(Guid.NewGuid().ToString()));

    private readonly Lazy<PartitionedRateLimiter<string>> _attempts = new(() => PartitionedRateLimiter.Create<string, string>(
        email => RateLimitPartition.GetFixedWindowLimiter(email.ToLowerInvariant(), _ => new FixedWindowRateLimiterOptions
        {
            PermitLimit = identity.Value.PasswordAttemptsPerMinute,
            Window = TimeSpan.FromMinutes(1),
        })));

    public static string Hash(string secret) => Hasher.HashPassword("", secret);

    public static bool Match(string hash, string secret) =>
        Hasher.VerifyHashedPassword("", hash, secret) != PasswordVerificationResult.Failed;

    /// <summary>The enabled person with this e-mail address and password; null, with what to tell (a key of <see cref="IssuerText"/>), otherwise.</summary>
    public (User? User, string? Fault) Check(string? email, string? password)
    {
        const string Wrong = "SignInWrong";
        if (string.IsNullOrWhiteSpace(email) || string.IsNullOrEmpty(password))
            return (null, "SignInMissing");
        // Longer than any, and short enough to be hashed without harm.
        if (email.Length > 320 || password.Length > 1024)
            return (null, Wrong);

        if (!tandem.Value.IsEmulator)
        {
            using var lease = _attempts.Value.AttemptAcquire(email.Trim());
            if (!lease.IsAcquired)
                return (null, "SignInTooMany");
        }

        var user = directory.Current.UserByEmail(email.Trim());
        var matches = Match(user?.PasswordHash ?? Nobody.Value, password);
        return user is { PasswordHash: not null, IsEnabled: true } && matches ? (user, null) : (null, Wrong);
    }

    public void Dispose()
    {
        if (_attempts.IsValueCreated)
            _attempts.Value.Dispose();
    }
}
