using System.Diagnostics;
using Tandem.Contracts.Engagements;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Engagements;

internal static class Proofs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<EngagementProof> Proof(this TandemServer server, string user, string engagementId) =>
        EngagementProof.Parse((await server.ProofReply(user, engagementId)).Text);

    /// <summary>
    /// The answer with all changes in it: on PostgreSQL the transactions of other tests, in other databases, delay the
    /// sealing like those of any other program.
    /// </summary>
    public static async Task<Reply> ProofReply(this TandemServer server, string user, string engagementId)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            var reply = (await server.Get(user, Path(engagementId))).Is(200);
            if ((int)reply.Json["pending"]! == 0)
                return reply;
            Assert.True(waited.Elapsed < Patience, "Some changes are never sealed.");
        }
    }

    public static string Path(string engagementId) => $"/v1.0/engagements/{engagementId}/proof";

    /// <summary>Holds, and the server says so too.</summary>
    public static ProofCheck Holds(this EngagementProof proof, EngagementProof? earlier = null)
    {
        var check = proof.Verify(earlier);
        Assert.True(check.Holds, $"Link {check.FirstBroken}: {check.Fault}");
        Assert.True(proof.Intact);
        Assert.Null(proof.FirstBroken);
        return check;
    }
}
