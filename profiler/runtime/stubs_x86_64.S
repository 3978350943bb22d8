/*
 * stubs_x86_64.S - what C cannot say: switching stacks, and running a system call as the task itself
 */
#if defined(__x86_64__)

#define SELECTOR_BLOCK $1

	.text
	.balign	64
	.global	async_allowed, async_allowed_end
	.hidden	async_allowed, async_allowed_end
async_allowed:

/* Behind our signal handler. libc's own restorer would be dispatched. */
	.global	async_restorer
	.hidden	async_restorer
async_restorer:
	mov	$15, %eax
	syscall
	hlt

/* The task's system call with the task's own registers and stack. The way back is in its TLS, as no
 * register and no word of the stack is ours: a new thread has neither. */
	.global	async_in_place
	.hidden	async_in_place
async_in_place:
	syscall
	jmp	*%fs:async_return@tpoff

/* The same for a new thread, which is made ours before it runs the task's code. */
	.global	async_in_place_thread
	.hidden	async_in_place_thread
async_in_place_thread:
	syscall
	test	%rax, %rax
	jnz	1f
	push	%rbx
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r8
	push	%r9
	push	%r10
	mov	%rsp, %rbx
	and	$-64, %rsp
	call	async_adopt
	mov	%rbx, %rsp
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rbx
	xor	%eax, %eax
1:	jmp	*%fs:async_return@tpoff

/* The same for a child that shares our memory until it runs another program: only the parent notes
 * the child and ends the state in which rewritten calls are left alone. */
	.global	async_in_place_vfork
	.hidden	async_in_place_vfork
async_in_place_vfork:
	syscall
	test	%rax, %rax
	jz	1f
	mov	%eax, %fs:async_vforked@tpoff
	movl	$0, %fs:async_vforking@tpoff
1:	jmp	*%fs:async_return@tpoff

/* Our own calls, made by async_raw() with all registers as the kernel wants them. */
	.global	async_native
	.hidden	async_native
async_native:
	syscall
	ret

/* A rewritten site's call that is not a coroutine's; see async_jumped. */
native:
	lea	-136(%rsp), %rsp
	mov	%rcx, (%rsp)
	syscall
	mov	(%rsp), %rcx
	lea	136(%rsp), %rsp
	jmp	*%rcx

/* long async_signalling(long nr, long a, long b, long c, long d): a call that may deliver a signal,
 * made by us while the task's calls are dispatched: its handler is the task's code. */
	.global	async_signalling
	.hidden	async_signalling
async_signalling:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	syscall
	ret

async_allowed_end:

/* void async_switch(void **save, void *load, unsigned long fs) */
	.balign	16
	.global	async_switch
	.hidden	async_switch
	.type	async_switch, @function
async_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	wrfsbase %rdx
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size	async_switch, . - async_switch

/* A coroutine's first instruction, reached from async_switch; its coroutine is in %rbx. */
	.balign	16
	.global	async_start
	.hidden	async_start
async_start:
	.cfi_startproc
	.cfi_undefined rip
	xor	%ebp, %ebp
	mov	%rbx, %rdi
	call	async_enter
	hlt
	.cfi_endproc

/* Where an offloaded function returns to: async_on_return() says where it would have. What it returned is
 * in %rax, %rdx, vector registers and the x87's. */
	.balign	16
	.global	async_returned
	.hidden	async_returned
async_returned:
	sub	$8, %rsp
	push	%rax
	push	%rdx
	push	%rbx
	mov	%rsp, %rbx
	and	$-64, %rsp
	call	async_on_return
	mov	%rbx, %rsp
	mov	%rax, 24(%rsp)
	pop	%rbx
	pop	%rdx
	pop	%rax
	ret

/* int async_park(int *word): FUTEX_WAIT | PRIVATE while *word is 0. What lies below our stack pointer
 * is a coroutine's, so the loop around it is here and not in C. */
	.balign	16
	.global	async_park
	.hidden	async_park
	.type	async_park, @function
async_park:
1:	mov	(%rdi), %eax
	test	%eax, %eax
	jnz	2f
	mov	$202, %eax
	mov	$128, %esi
	xor	%edx, %edx
	xor	%r10d, %r10d
	syscall
	jmp	1b
2:	ret
	.size	async_park, . - async_park

/*
 * Where a rewritten site leads, through its trampoline: %rax the number, %rcx the way back. `syscall`
 * keeps all registers but %rax, %rcx and %r11, so this must too; the red zone stays as it is.
 */
	.balign	16
	.global	async_jumped
	.hidden	async_jumped
async_jumped:
	mov	%fs:async_self@tpoff, %r11
	test	%r11, %r11
	jz	native
	mov	(%r11), %r11
	cmpb	SELECTOR_BLOCK, (%r11)
	jne	native
	cmpl	$0, %fs:async_vforking@tpoff
	jne	native
	movb	$0, (%r11)
	lea	-128(%rsp), %rsp
	push	%rcx
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rax
	push	%rbx
	lea	8(%rsp), %rdi
	mov	%rsp, %rbx
	and	$-64, %rsp
	call	async_on_jump
	mov	%rbx, %rsp
	pop	%rbx
	add	$8, %rsp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	pop	%rcx
	lea	128(%rsp), %rsp
	jmp	*%rcx

#endif
	.section .note.GNU-stack,"",%progbits
