namespace Tandem.Server.Http;

/// <summary>A refusal as the result of a handler.</summary>
internal sealed class RefusalResult(Refusal refusal) : IResult
{
    public Refusal Refusal => refusal;

    public Task ExecuteAsync(HttpContext httpContext) => httpContext.Write(refusal);
}
